// Release 2: a person has a first name and a last name.
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { openDatabase } from '../../database.js'

const db = await openDatabase()
const insert = db.prepare('insert into people (first, last) values (?, ?)')
const select = db.prepare('select first, last from people where id = ?')

export default createServer(async (req, res) => {
  try {
    if (req.method === 'POST') {
      const words = (await text(req)).split(' ')
      const last = words.pop()
      const { lastInsertRowid } = insert.run(words.join(' '), last)
      res.writeHead(201).end(`${lastInsertRowid}\n`)
    } else {
      const person = select.get(Number(req.url.slice(1)))
      const name = [person?.last, person?.first].filter(Boolean).join(', ')
      res.writeHead(person ? 200 : 404).end(`${name || 'nobody'}\n`)
    }
  } catch (error) {
    res.writeHead(500).end(`${error.message}\n`)
  }
})
