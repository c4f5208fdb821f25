import { httpCrowds } from '../helpers/apps/http-crowds.js'
import { HttpTalker } from '../helpers/apps/http-talker.js'
import { prove } from '../helpers/apps/prove.js'
import { GRAPHQL } from '../helpers/apps/questions.js'

prove('Apollo Server', {
  folder: 'apollo',
  main: 'app.js',
  visitor: port => new HttpTalker({ port, questions: GRAPHQL }),
  crowds: port => httpCrowds(port, { questions: GRAPHQL })
})
