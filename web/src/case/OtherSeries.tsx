// SPDX-License-Identifier: Apache-2.0
/** What a case holds beside slides: reports, segmentations, annotations, documents, photographs. */

import type { JSX } from 'preact'

import { ORIGIN } from '../root'
import { msg, t } from '../words'
import type { Series } from './contents'
import { renderedOf } from './resources'
import { SeriesFiles } from './SeriesFiles'

interface Kind {
  readonly name: string
  /** What can be done with it; the server draws what can be opened. */
  readonly use: string
  readonly opens: boolean
  readonly isLayer?: boolean
}

const REPORT = { name: msg('report'), use: msg('opens as a page'), opens: true }
const PHOTOGRAPH = { name: msg('photograph'), use: msg('opens as a picture'), opens: true }
const KINDS: Readonly<Record<string, Kind>> = {
  SR: REPORT,
  SEG: {
    name: msg('segmentation'),
    use: msg('lies over its slide as a layer'),
    opens: false,
    isLayer: true,
  },
  ANN: {
    name: msg('annotations'),
    use: msg('lie over their slide as a layer'),
    opens: false,
    isLayer: true,
  },
  DOC: { name: msg('document'), use: msg('opens as a document'), opens: true },
  PR: { name: msg('presentation state'), use: msg('can be downloaded'), opens: false },
  GM: PHOTOGRAPH,
  XC: PHOTOGRAPH,
  ES: PHOTOGRAPH,
}
const UNKNOWN: Kind = { name: msg('series'), use: msg('can be downloaded'), opens: false }

export function OtherSeries({
  study,
  all,
}: {
  readonly study: string
  readonly all: readonly Series[]
}): JSX.Element | null {
  const others = all.filter(({ modality }) => modality !== 'SM')
  if (others.length === 0) return null
  return (
    <section aria-label={t('other series')}>
      <div class="tray-options">
        <h2>{t('other series')}</h2>
      </div>
      <ul class="other-series">
        {others.map((each) => (
          <OtherItem key={each.series} study={study} of={each} />
        ))}
      </ul>
    </section>
  )
}

function OtherItem({ study, of }: { readonly study: string; readonly of: Series }): JSX.Element {
  const kind = KINDS[of.modality] ?? UNKNOWN
  // Layers are drawn here; pages and files come from the server, as only this one gives them.
  const isUsable = ORIGIN === null || kind.isLayer
  const name = [t(kind.name), of.description].filter(Boolean).join(' · ')
  return (
    <li>
      <div class="other-line">
        <span class="modality">{of.modality || '–'}</span>
        <span class="other-name">
          {name} {isUsable && <span class="quiet">{t(kind.use)}</span>}
        </span>
        {kind.opens && isUsable && (
          <a
            class="button"
            href={renderedOf({ study, series: of.series })}
            target="_blank"
            rel="noopener"
          >
            {t('open')}
          </a>
        )}
      </div>
      <SeriesFiles study={study} series={of.series} name={name} count={of.instances} />
    </li>
  )
}
