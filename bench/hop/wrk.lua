-- What wrk sends, and its report as one line of JSON. An argument `json` makes it POST 10 kB of JSON.
function init(args)
  if args[1] == 'json' then
    wrk.method = 'POST'
    wrk.headers['Content-Type'] = 'application/json'
    local items = {}
    for i = 1, 200 do
      items[i] = string.format('{"id":%05d,"name":"item","tags":["a","b"],"x":%04d}', i, i)
    end
    wrk.body = '[' .. table.concat(items, ',') .. ']'
  end
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"seconds":%.6f,"statuses":%d,"broken":%d,"p50":%.4f,"p99":%.4f}\n',
    summary.requests, summary.duration / 1e6, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3
  ))
end
