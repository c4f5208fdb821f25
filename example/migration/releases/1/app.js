// Release 1: a person has a name.
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { openDatabase } from '../../database.js'

const db = await openDatabase()
const insert = db.prepare('insert into people (name) values (?)')
const select = db.prepare('select name from people where id = ?')

export default createServer(async (req, res) => {
  try {
    if (req.method === 'POST') {
      const { lastInsertRowid } = insert.run(await text(req))
      res.writeHead(201).end(`${lastInsertRowid}\n`)
    } else {
      const person = select.get(Number(req.url.slice(1)))
      res.writeHead(person ? 200 : 404).end(person ? `${person.name}\n` : 'nobody\n')
    }
  } catch (error) {
    res.writeHead(500).end(`${error.message}\n`)
  }
})
