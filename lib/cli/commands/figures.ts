/** An age for people: `45s`, `3m 2s`, `2h 5m`, `4d 3h`; `0s` where the clock was set back. */
export function formatAge(ms: number): string {
  const [s, m, h] = [1000, 60_000, 3_600_000].map(unit => Math.max(0, Math.floor(ms / unit))) as [
    number,
    number,
    number
  ]
  if (m === 0) return `${s}s`
  if (h === 0) return `${m}m ${s % 60}s`
  if (h < 24) return `${h}h ${m % 60}m`
  return `${Math.floor(h / 24)}d ${h % 24}h`
}

/** `12 ms`, `1.5 s`; a dash for what is not known. */
export function formatLatency(ms: number | null | undefined): string {
  if (ms == null) return '-'
  if (ms < 10) return `${Number(ms.toFixed(1))} ms`
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}

/** `84 MB`, `1.2 GB`. */
export function formatBytes(bytes: number | null | undefined): string {
  if (bytes == null) return '-'
  const mb = bytes / 1_048_576
  return mb < 1024 ? `${Math.round(mb)} MB` : `${(mb / 1024).toFixed(1)} GB`
}

export function formatPercent(percent: number | null | undefined): string {
  return percent == null ? '-' : `${Math.round(percent)}%`
}
