// SPDX-License-Identifier: Apache-2.0
/** Work that would make the page stutter, done beside it by `worker.ts`. */

import type { Answer, Job, Question, Result } from './worker'

const waiting = new Map<number, (result: Result) => void>()
let worker: Worker | null = null
let last = 0

/** Have a job done. */
export function work<Kind extends Job['kind']>(
  job: Extract<Job, { kind: Kind }>,
): Promise<Extract<Answer, { kind: Kind }>> {
  worker ??= started()
  const number = ++last
  const question: Question = { number, job }
  worker.postMessage(question)
  return new Promise((resolve, reject) => {
    waiting.set(number, ({ answer, problem }) => {
      if (answer) resolve(answer as Extract<Answer, { kind: Kind }>)
      else reject(new Error(problem))
    })
  })
}

function started(): Worker {
  const made = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
  made.addEventListener('message', ({ data }: MessageEvent<Result>) => {
    const resolve = waiting.get(data.number)
    waiting.delete(data.number)
    resolve?.(data)
  })
  return made
}
