-- For wrk: every answer must be 200 and say "ok"; those that are not are counted, and printed at the end.
local threads = {}

function setup(thread)
  threads[#threads + 1] = thread
end

function init()
  wrong = 0
end

function response(status, _, body)
  if status ~= 200 or not body:find("ok", 1, true) then
    wrong = wrong + 1
  end
end

function done()
  local sum = 0
  for _, thread in ipairs(threads) do
    sum = sum + thread:get("wrong")
  end
  print("Wrong answers: " .. sum)
end
