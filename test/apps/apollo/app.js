import { ApolloServer } from '@apollo/server'
import { startStandaloneServer } from '@apollo/server/standalone'

const typeDefs = `
  type Client {
    address: String
    port: Int
    family: String
    headers: String
  }
  type Query {
    pid: Int
    client: Client
  }
  type Mutation {
    echo(text: String!): String
  }
`
const resolvers = {
  Query: {
    pid: () => process.pid,
    client: (_, args, { req }) => ({
      address: req.socket.remoteAddress,
      port: req.socket.remotePort,
      family: req.socket.remoteFamily,
      headers: JSON.stringify(req.headers)
    })
  },
  Mutation: { echo: (_, { text }) => text }
}

const { url } = await startStandaloneServer(new ApolloServer({ typeDefs, resolvers }), {
  context: async ({ req }) => ({ req }),
  listen: { port: Number(process.env.PORT ?? 4000) }
})
console.log(`ready at ${url}`)
