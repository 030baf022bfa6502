-- May one call of one shop be made now? Decided and counted in one step.
-- KEYS[1]  hash of the shop: h/hn hour and calls in it, d/dn day and calls in it,
--          at = next moment (ms) its pace allows, busy/until = who calls now and how long at most
-- ARGV     1 pace interval ms   2 longest wait ms   3 calls an hour   4 calls a day
--          5 caller when one call at a time, else ''   6 deadline ms   7 the cart's now, s since 1970
-- Limits of 0 do not exist. Hours and days are Tokyo's, which has no summer time.
-- Returns  {verdict, ms}: 'go' after ms; 'pace' | 'hour' | 'day' blocked for ms; 'unknown';
--          'broken': nothing of ours stood there, it was dropped
-- Hours and days begin by the cart's clock, which callers tell; turns are short durations by this
-- server's own, which is the same for all callers.
local KEEP_S = 172800
-- A turn later than this was given before the clock stepped back: no pace and no call is so long.
local LONGEST_AHEAD_MS = 600000
local state = redis.pcall('HMGET', KEYS[1], 'h', 'hn', 'd', 'dn', 'at', 'busy', 'until')
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local latest = now + KEEP_S * 1000

local function count(value, most)
  local number = tonumber(value or nil)
  return number and number >= 0 and number <= most
end

local function ours()
  if state.err then return false end
  local busy = state[6] and state[6] ~= ''
  return count(state[1], 1e9) and count(state[2], 1e9) and count(state[3], 1e9)
    and count(state[4], 1e9) and (not state[5] or count(state[5], latest))
    and (not busy or count(state[7], latest))
end

if not state.err and redis.call('EXISTS', KEYS[1]) == 0 then return {'unknown', 0} end
if not ours() then
  redis.call('DEL', KEYS[1])
  return {'broken', 0}
end
local tokyo = tonumber(ARGV[7]) + 9 * 3600
local hour, day = math.floor(tokyo / 3600), math.floor(tokyo / 86400)
local hours = tonumber(state[1]) == hour and tonumber(state[2]) or 0
local days = tonumber(state[3]) == day and tonumber(state[4]) or 0
local hour_limit, day_limit = tonumber(ARGV[3]), tonumber(ARGV[4])
if day_limit > 0 and days >= day_limit then
  return {'day', ((day + 1) * 86400 - tokyo) * 1000}
end
if hour_limit > 0 and hours >= hour_limit then
  return {'hour', ((hour + 1) * 3600 - tokyo) * 1000}
end
if ARGV[5] ~= '' and state[6] and state[6] ~= '' and state[6] ~= ARGV[5]
    and tonumber(state[7]) > now and tonumber(state[7]) <= now + LONGEST_AHEAD_MS then
  return {'pace', math.min(tonumber(state[7]) - now, 200)}
end
local at = math.max(tonumber(state[5] or 0), now)
if at > now + LONGEST_AHEAD_MS then at = now end
local wait = at - now
if wait > tonumber(ARGV[2]) then return {'pace', wait} end
redis.call('HSET', KEYS[1], 'h', hour, 'hn', hours + 1, 'd', day, 'dn', days + 1,
  'at', at + tonumber(ARGV[1]))
if ARGV[5] ~= '' then
  redis.call('HSET', KEYS[1], 'busy', ARGV[5], 'until', at + tonumber(ARGV[6]))
end
redis.call('EXPIRE', KEYS[1], KEEP_S)
return {'go', wait}
