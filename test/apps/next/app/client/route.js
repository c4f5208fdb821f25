export const dynamic = 'force-dynamic'

export function GET(request) {
  return Response.json({ url: request.nextUrl.pathname, headers: Object.fromEntries(request.headers) })
}
