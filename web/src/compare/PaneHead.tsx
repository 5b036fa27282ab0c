// SPDX-License-Identifier: Apache-2.0
/** What a pane shows, whose it is, how it lies on the first slide, and whether it moves with the others. */

import type { JSX } from 'preact'

import type { Slide } from '../dicom/slide'
import { stainOf } from '../case/specimen'
import { identityHidden } from '../state'
import { Icon } from '../ui/Icon'
import { patientLine, slideName, studyLine } from '../ui/format'
import { t } from '../words'
import { linkedWithFocus, removeSlide, toggleLink } from './actions'
import { offsetWords } from './offsetWords'
import type { Pane } from './link'
import { offsetOf } from './linking'
import { alignments, comparison, middleOf, shownSlides } from './store'

interface Properties {
  readonly pane: Pane
  readonly index: number
  readonly slide: Slide
}

export function PaneHead({ pane, index, slide }: Properties): JSX.Element {
  const { identity, pyramid } = slide
  const stain = stainOf(pyramid.levels[0].image.dataSet)
  const whose = identityHidden.value
    ? t('identity hidden')
    : [patientLine(identity), studyLine(identity)].filter(Boolean).join(' · ')
  return (
    <header class="group pane-head">
      <span class="pane-number" aria-hidden="true">
        {index + 1}
      </span>
      <div class="pane-text">
        <h2>{[slideName(identity), stain].filter(Boolean).join(' · ')}</h2>
        <p class="quiet">{whose}</p>
        <Alignment pane={pane} index={index} slide={slide} />
      </div>
      <ChainButton pane={pane} index={index} name={slideName(identity)} />
      <button
        type="button"
        class="tool"
        aria-label={t('take {slide} out', { slide: slideName(identity) })}
        data-tip={t('take out')}
        onClick={() => {
          removeSlide(index)
        }}
      >
        <Icon name="close" />
      </button>
    </header>
  )
}

function ChainButton({
  pane,
  index,
  name,
}: Omit<Properties, 'slide'> & { readonly name: string }): JSX.Element | null {
  const { panes, aligning } = comparison.value
  // Of two slides one chain is enough.
  if (aligning || (panes.length === 2 && index !== linkedWithFocus())) return null
  const isLinked = pane.own === null
  return (
    <button
      type="button"
      class="tool"
      aria-label={t('{slide} moves with the others', { slide: name })}
      aria-pressed={isLinked}
      data-tip={isLinked ? t('let it move alone (j)') : t('move together (j)')}
      onClick={() => {
        toggleLink(index)
      }}
    >
      <Icon name={isLinked ? 'chain' : 'chainOpen'} />
    </button>
  )
}

/** How the slide lies on the first one. */
function Alignment({ pane, index, slide }: Properties): JSX.Element | null {
  const [first] = shownSlides.value
  const alignment = alignments.value[index]
  if (pane.own && !comparison.value.aligning) return <p class="pane-alone">{t('moves alone')}</p>
  if (index === 0 || !first || !alignment) return null
  const isMixed = (slide.pyramid.mpp === null) !== (first.pyramid.mpp === null)
  const offset = offsetOf(alignment, middleOf(slide), middleOf(first))
  const words = offsetWords(offset, first.pyramid.mpp !== null)
  return (
    <p class={isMixed ? 'uncalibrated' : 'quiet'}>
      {isMixed ? t('uncalibrated: linked pixel by pixel') : words}
    </p>
  )
}
