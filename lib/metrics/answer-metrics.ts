import { BOUNDS_S, type Counts } from '../meters/counts.js'
import { histogramSamples } from './histogram.js'
import type { Metric, Sample } from './metric.js'

/** Answers, each with the labels that say whose they are. */
export type LabelledAnswers = readonly (readonly [labels: Sample['labels'], answers: Counts])[]

const DURATION = 'up_http_request_duration_seconds'
const CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const

/** @param whose who answered, as the label names it */
export function answerMetrics<Source>(
  whose: string,
  answersOf: (source: Source) => LabelledAnswers
): readonly Metric<Source>[] {
  return [
    {
      name: 'up_http_requests_total',
      help: `Requests that were answered, by class of status and by ${whose}.`,
      type: 'counter',
      read: source =>
        answersOf(source).flatMap(([labels, { classes }]) =>
          CLASSES.map((name, i) => ({ labels: { code_class: name, ...labels }, value: classes[i + 1] ?? 0 }))
        )
    },
    {
      name: DURATION,
      help: `Time from the head of a request to the end of its answer, also while it was held, by ${whose}.`,
      type: 'histogram',
      read: source =>
        answersOf(source).flatMap(([labels, { buckets, sumUs }]) =>
          histogramSamples(DURATION, labels, BOUNDS_S, { buckets, sum: sumUs / 1e6 })
        )
    }
  ]
}
