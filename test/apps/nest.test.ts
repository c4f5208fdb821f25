import { prove } from '../helpers/apps/prove.js'
import { HttpTalker } from '../helpers/apps/http-talker.js'
import { httpCrowds } from '../helpers/apps/http-crowds.js'
import { REST, type Questions } from '../helpers/apps/questions.js'

/** Nest reads JSON by default, not text. */
const questions: Questions = {
  ...REST,
  echo: text => ({
    path: '/echo',
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ text }),
    read: String
  })
}

prove('NestJS', {
  folder: 'nest',
  main: 'dist/main.js',
  byPackage: true,
  visitor: port => new HttpTalker({ port, questions }),
  crowds: port => httpCrowds(port, { questions })
})
