// SPDX-License-Identifier: Apache-2.0
/** Calling functions of a worker: each call has a number and one answer; it can be cancelled. */

import { said } from '../words/said'

/** Functions of a worker by name; each takes one argument. */
export type Methods = Readonly<Record<string, (argument: never, call: Ticket) => unknown>>

/** What a function of a worker knows of its call. */
export interface Ticket {
  readonly cancelled: () => boolean
  /** Tell how far it is, from 0 to 1. */
  readonly progress: (done: number) => void
}

interface Asked {
  readonly call: number
  readonly method?: string
  readonly argument?: unknown
}

interface Told {
  readonly call: number
  readonly value?: unknown
  readonly error?: string
  readonly progress?: number
}

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
  readonly progress: ((done: number) => void) | undefined
}

export interface Options {
  readonly signal?: AbortSignal
  readonly progress?: (done: number) => void
}

type Argument<Method> = Method extends (argument: infer Given, call: Ticket) => unknown
  ? Given
  : never
type Answer<Method> = Method extends (...given: never) => infer Value ? Awaited<Value> : never

/** The page's side. */
export class Caller<Served extends Methods> {
  private readonly waiting = new Map<number, Waiting>()
  private calls = 0

  constructor(private readonly worker: Worker) {
    worker.addEventListener('message', ({ data }: MessageEvent<Told>) => {
      this.take(data)
    })
    worker.addEventListener('error', () => {
      for (const { reject } of this.waiting.values())
        reject(new Error(said('the worker has failed')))
      this.waiting.clear()
    })
  }

  call<Name extends keyof Served & string>(
    method: Name,
    argument: Argument<Served[Name]>,
    { signal, progress }: Options = {},
  ): Promise<Answer<Served[Name]>> {
    const call = ++this.calls
    return new Promise((resolve, reject) => {
      const cancel = (): void => {
        if (!this.waiting.delete(call)) return
        this.worker.postMessage({ call } satisfies Asked)
        reject(new DOMException('cancelled', 'AbortError'))
      }
      signal?.addEventListener('abort', cancel, { once: true })
      this.waiting.set(call, { resolve: resolve as (value: unknown) => void, reject, progress })
      this.worker.postMessage({ call, method, argument } satisfies Asked)
    })
  }

  end(): void {
    this.worker.terminate()
    this.waiting.clear()
  }

  private take({ call, value, error, progress }: Told): void {
    const waiting = this.waiting.get(call)
    if (!waiting) return
    if (progress !== undefined) {
      waiting.progress?.(progress)
      return
    }
    this.waiting.delete(call)
    if (error === undefined) waiting.resolve(value)
    else waiting.reject(new Error(error))
  }
}

/** The worker's side. */
export function serve(methods: Methods): void {
  const cancelled = new Set<number>()
  const running = new Set<number>()
  addEventListener('message', ({ data }: MessageEvent<Asked>) => {
    const { call, method, argument } = data
    if (method === undefined) {
      if (running.has(call)) cancelled.add(call)
      return
    }
    running.add(call)
    void answer(methods, method, argument, {
      cancelled: () => cancelled.has(call),
      progress: (done) => {
        postMessage({ call, progress: done } satisfies Told)
      },
    }).then((told) => {
      running.delete(call)
      if (cancelled.delete(call)) return
      const transfer = told.value instanceof ImageBitmap ? [told.value] : []
      postMessage({ call, ...told } satisfies Told, { transfer })
    })
  })
}

async function answer(
  methods: Methods,
  name: string,
  argument: unknown,
  ticket: Ticket,
): Promise<Omit<Told, 'call'>> {
  try {
    const method = methods[name] as ((argument: unknown, call: Ticket) => unknown) | undefined
    return { value: await method?.(argument, ticket) }
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) }
  }
}
