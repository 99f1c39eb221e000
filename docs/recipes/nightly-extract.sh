#!/usr/bin/env bash
# Extracts what has changed since the last successful night into one CSV file, with Batchy as the memory of the window.
#
#   nightly-extract.sh WORKFLOW JOB INPUT.csv OUTPUT_FOLDER
#
# Needs bash 4, curl 7.71, awk and flock. BATCHY_URL (default http://127.0.0.1:5000) and BATCHY_KEY say where the service is.
# INPUT begins with a header line. Its first column is changed_at, the time of change, UTC, as 2026-11-21T21:53:34.230000
# (space or T, 0 to 9 fraction digits). Lines end in LF or CRLF. An input without a header fails the batch: an export that
# broke off at once must not pass for a night without news.
# The file is named after the window, not after the batch: a window that is run again replaces its own file, so that
# nothing comes twice.
set -Eeuo pipefail
export LC_ALL=C

if (($# != 4)); then
  echo "usage: ${0##*/} WORKFLOW JOB INPUT.csv OUTPUT_FOLDER" >&2
  exit 2
fi
workflow=$1 job=$2 input=$3 output=$4
if [[ ! $workflow$job =~ ^[A-Za-z0-9_.-]+$ ]]; then
  echo "${0##*/}: names of letters, digits, '_', '.' and '-' only: they become part of a URL and of a file's name" >&2
  exit 2
fi
url=${BATCHY_URL:-http://127.0.0.1:5000}
run="$(uname -n)-$$-$(date -u +%Y%m%dT%H%M%SZ)-$RANDOM$RANDOM"

# One run at a time: an older one that wakes up late must not replace the file of a newer one.
exec 9>"$output/.$workflow.$job.lock"
if ! flock --nonblock 9; then
  echo "${0##*/}: another run for $workflow $job is at work; nothing was opened" >&2
  exit 75
fi

answer=$(mktemp)
complaints=$(mktemp)
part="$output/.$workflow.$job.part"
batch_id=''
extractor=''
step=''
code=''
why='an unknown cause'

# post STEP PATH [curl options]: the answer is in $answer. What got no answer, or "not now", is sent again with the same
# Idempotency-Key: it has one effect, and the repeat is given the first answer.
post() {
  local path=$2
  step=$1
  shift 2
  # The key goes in through a file, not as an argument that `ps` would show to everybody.
  code=$(curl --silent --show-error --max-time 60 --retry "${BATCHY_RETRIES:-5}" --retry-all-errors --retry-connrefused \
    --config <(if [[ -n ${BATCHY_KEY:-} ]]; then printf 'header = "Authorization: Bearer %s"\n' "$BATCHY_KEY"; fi) \
    --request POST --header "Idempotency-Key: $run-$step" --output "$answer" --write-out '%{http_code}' "$@" "$url$path")
  # Not a bare return: within the EXIT trap that would give the status from before the trap.
  if [[ $code == 2?? ]]; then return 0; fi
  echo "${0##*/}: $step of $workflow was refused ($code): $(cat "$answer")" >&2
  return 1
}

# field NAME: a text or a whole number in the answer. The answer is JSON on one line, and one job was asked for, so a
# pattern will do; a job that keeps a map with such a name inside needs `jq -r --arg job "$job" '.[$job].from_date'`.
field() {
  sed -n 's/.*"'"$1"'":"\{0,1\}\([^",}]*\).*/\1/p' "$answer"
}

# Runs however the script ends, kill -9 aside: after that the next night opens the same window again by itself.
finish() {
  local status=$?
  trap - EXIT ERR HUP INT TERM
  if [[ -n $extractor ]]; then kill -- "-$extractor" 2>/dev/null || true; fi
  cat "$complaints" >&2 || true
  # A signal may have come between the answer to open and the next line.
  if [[ $step == open && $code == 2?? ]]; then batch_id=$(field batch_id); fi
  if [[ $status -ne 0 && -n $batch_id ]]; then
    post fail "/fail_batch/$workflow" --get --data-urlencode "job=$job" --data-urlencode "batch_id=$batch_id" \
      --data-urlencode "reason=${0##*/} on $(uname -n) ended with $status: $why" &&
      echo "${0##*/}: batch $batch_id has failed: $why" >&2
  fi
  rm -f "$answer" "$complaints" "$part"
  exit "$status"
}
trap finish EXIT
trap 'why="line $LINENO: $BASH_COMMAND"' ERR
trap 'why="signal HUP"; exit 129' HUP
trap 'why="signal INT"; exit 130' INT
trap 'why="signal TERM"; exit 143' TERM

# extract FROM TO: the rows of [FROM, TO) from standard input; TO may be empty. Put your own query here. It must fail where
# it cannot tell: a row whose time cannot be read would be lost without a word.
extract() {
  awk -F, -v from="$1" -v to="$2" '
    function refuse(reason) {
      print reason > "/dev/stderr"
      exit 1
    }
    # Such a line is several in one, and all but its first would be taken or left with it.
    /\r./ { refuse("row " NR ": a CR within the line; lines must end in LF or CRLF") }
    NR == 1 {
      name = $1
      gsub(/["\r]/, "", name)
      if (name != "changed_at") refuse("row 1: no header whose first column is changed_at: " substr($0, 1, 60))
      print
      next
    }
    $1 !~ /^[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][T ][0-9][0-9]:[0-9][0-9]:[0-9][0-9](\.[0-9]*)?$/ {
      refuse("row " NR ": no time in the first column: " substr($1, 1, 60))
    }
    {
      # Times of one length compare as texts. Digits beyond the sixth do not matter: Batchy writes no more.
      time = substr($1, 1, 10) "T" substr($1, 12)
      if (time !~ /\./) time = time "."
      time = substr(time "000000", 1, 26)
      if (time >= from && (to == "" || time < to)) print
    }
    END { if (NR == 0) refuse("the input is empty or cannot be read: it has not even a header") }'
}

post open "/open_batch/$workflow" --get --data-urlencode "job=$job"
batch_id=$(field batch_id)
from_date=$(field from_date)
# A to_date counts only where the job emits it; otherwise it is the user's own.
to_date=''
if grep -q '"emit_to_date":true' "$answer"; then to_date=$(field to_date); fi
[[ -n $batch_id && -n $from_date ]]

window="${from_date//:/}${to_date:+--${to_date//:/}}"
file="$output/$workflow.$job.$window.csv"

# Of a run that was killed: what it started may still be writing there, and is to write into nothing.
rm -f "$part"
# In the background, so that a signal is acted upon at once and not when the extract is through; a process group of its own
# (set -m), so that all of it can be ended.
set -m
extract "$from_date" "$to_date" 2>"$complaints" <"$input" >"$part" 9>&- &
extractor=$!
set +m
extracted=0
wait "$extractor" || extracted=$?
extractor=''
if ((extracted != 0)); then
  # The last complaint goes into the history, as far as it is plain text.
  why=$(tail -n 1 "$complaints" | tr -c '[:print:]\n' '?' | cut -c 1-300)
  why=${why:-the extract ended with $extracted}
  exit "$extracted"
fi

rows=$(($(wc -l <"$part") - 1))
# A closed batch says that its rows are there: on the disk, under their name, whole.
sync "$part"
mv -f "$part" "$file"

post close "/close_batch/$workflow?job=$job&batch_id=$batch_id" \
  --header 'Content-Type: application/json' --data "{\"$job\": {\"rows\": $rows}}"
trap - EXIT HUP INT TERM
cat "$complaints" >&2 || true
rm -f "$answer" "$complaints"
echo "$workflow $job: $rows rows of [$from_date, ${to_date:-open end}) in $file"
