export interface Venue {
  readonly id: string
  readonly title: string
  readonly widthMm: number
}

/** Text and column widths of common venues, from their style files. */
export const venues: readonly Venue[] = [
  { id: 'neurips', title: 'NeurIPS', widthMm: 139.7 },
  { id: 'iclr', title: 'ICLR', widthMm: 139.7 },
  { id: 'icml-column', title: 'ICML column', widthMm: 82.55 },
  { id: 'icml-page', title: 'ICML page', widthMm: 171.45 },
  { id: 'cvpr-column', title: 'CVPR column', widthMm: 82.55 },
  { id: 'cvpr-page', title: 'CVPR page', widthMm: 174.6 },
  { id: 'ieee-column', title: 'IEEE column', widthMm: 88.9 },
  { id: 'ieee-page', title: 'IEEE page', widthMm: 181.9 },
  { id: 'acl-column', title: 'ACL column', widthMm: 77 },
  { id: 'acl-page', title: 'ACL page', widthMm: 160 },
  { id: 'nature-column', title: 'Nature column', widthMm: 89 },
  { id: 'nature-page', title: 'Nature page', widthMm: 183 },
]

/** CSS pixels (96 per inch) of a printed length; 9 pt type is 12 px then. */
export const pixelsOf = (millimetres: number): number => (millimetres / 25.4) * 96

export const pixelsOfPoints = (points: number): number => (points / 72) * 96
