import type { Factors, Prices } from '@engine/analysis'
import type { ResultSet } from '@engine/study/results'
import type { MetricId } from '@engine/study/spec'
import type { EChartsOption } from 'echarts'
import type { NamedStrategy, Theme } from './palette'

/** Where a figure is drawn: pixels (12 px = 9 pt in print), font, and the real text widths where they are known. */
export interface FigureBox {
  readonly theme: Theme
  readonly width: number
  readonly height: number
  readonly fontFamily: string
  readonly fontSizePx: number
  /** width of a text in pixels at the figure's font; default: an estimate */
  readonly measure?: (text: string) => number
  /** strategy that stands out while the others fade; on screen */
  readonly emphasis?: string | null
  /** place on the x axis of a single plot to mark; on screen */
  readonly cursor?: number | null
}

/** What of the results a figure shows; everything has a default that suits a paper. */
export interface FigureChoices {
  /** name and method of every strategy of the study, hidden ones too: styles belong to names; default: names stand for methods */
  readonly strategies?: readonly NamedStrategy[]
  /** default: the study's */
  readonly metric?: MetricId
  /** default: the study's */
  readonly baseline?: string
  /** default: interval */
  readonly band?: 'interval' | 'traces' | 'none'
  /** one data set; default: all, in panels or averaged as the figure says */
  readonly dataset?: string
  /** levels to keep; default: all cells, in panels */
  readonly facet?: Factors
  /** strategies left out */
  readonly hidden?: readonly string[]
  /** labels; default: the largest budget that all strategies share */
  readonly budget?: number
  /** of a label and an hour of computing; default: hours alone */
  readonly prices?: Prices
  /** one panel per data set and factor cell, per level of the named factors (`dataset` for data sets), or none; default: true */
  readonly panels?: boolean | readonly string[]
  /** what learning curves run over; active-learning time, hours and cost are medians over seeds; default: labels */
  readonly axis?: 'labels' | 'percent' | 'active' | 'hours' | 'cost'
  /** rows that may be labelled, by data set: 100 % of the axis in percent */
  readonly pools?: Readonly<Record<string, number>>
}

/** The numbers of a figure, for CSV files and readers who do not see it; null is not defined. */
export interface FigureTable {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly (string | number | null)[])[]
}

export interface BuiltFigure {
  /** positions are final for the box: build anew after a resize */
  readonly option: EChartsOption
  /** what is drawn, the number of seeds and what the bands are, as sentences for below the figure */
  readonly caption: string
  readonly table: FigureTable
}

/** One figure of every study; pure, so that the command line, Export and Compare draw the same. */
export interface Figure {
  readonly title: string
  /** The slow part of what follows, as data that can be sent from where it is computed to where it is drawn. */
  readonly compute: (results: ResultSet, choices: FigureChoices) => unknown
  /** Keeps what `compute` gave elsewhere for equal results and choices. */
  readonly adopt: (results: ResultSet, choices: FigureChoices, data: unknown) => void
  /** why these results have no such figure, as a sentence; null when it can be drawn */
  readonly needs: (results: ResultSet, choices: FigureChoices) => string | null
  /** pixels of height that suit a width */
  readonly height: (results: ResultSet, choices: FigureChoices, box: Omit<FigureBox, 'height'>) => number
  /** only after `needs` gave null */
  readonly build: (results: ResultSet, choices: FigureChoices, box: FigureBox) => BuiltFigure
}
