const { createServer } = require('node:http')
const { createSchema, createYoga } = require('graphql-yoga')

const yoga = createYoga({
  schema: createSchema({
    typeDefs: `
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
    `,
    resolvers: {
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
  })
})

createServer(yoga).listen(process.env.PORT || 4000, () => console.log('ready'))
