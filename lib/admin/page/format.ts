const NOTHING = '–'

export function formatCount(value: number | null | undefined): string {
  if (value == null) return NOTHING
  if (value >= 10_000_000) return `${(value / 1_000_000).toFixed(1)} M`
  return Math.round(value).toLocaleString('en')
}

/** What happens in a second: less than ten are worth a digit behind the point. */
export function formatRate(value: number | null | undefined): string {
  if (value == null) return NOTHING
  return value < 10 && !Number.isInteger(value) ? value.toFixed(1) : formatCount(value)
}

export function formatMs(ms: number | null | undefined): string {
  if (ms == null) return NOTHING
  if (ms >= 10_000) return formatAge(ms)
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`
  return ms < 10 && !Number.isInteger(ms) ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`
}

export function formatAge(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000))
  if (s < 60) return `${s} s`
  if (s < 3600) return `${Math.floor(s / 60)} m ${s % 60} s`
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} m`
  return `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3600)} h`
}

export function formatBytes(bytes: number | null | undefined): string {
  if (bytes == null) return NOTHING
  if (bytes >= 1 << 30) return `${(bytes / (1 << 30)).toFixed(2)} GB`
  return `${Math.round(bytes / (1 << 20))} MB`
}

export function formatPercent(value: number | null | undefined): string {
  return value == null ? NOTHING : `${formatRate(value)} %`
}

export function formatTime(at: number): string {
  return new Date(at).toLocaleTimeString('en-GB')
}

export function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
