#!/bin/sh
# The monitoring wrapper of platy-manage: reports that a task started and how it ended.
#
#   platy-wrapper [-l] COMMAND [ARGUMENT...]
#
# Sends CloudEvents 1.0 by HTTP POST to $PLATY_EVENTS_URL, with curl or wget, else prints them
# as one line on stderr. An event that cannot be sent stays in the allocation's shared folder,
# and never changes what happens to the command: its input, output and exit code are its own.
# With -l, COMMAND is looked up as Nomad's exec drivers do: in the task's folders, then in PATH.
#
# POSIX sh: dash, busybox ash, bash. Every variable begins with platy_, so that none of the
# command's environment is touched.

# The most that the start and the end may be delayed, in seconds, less some room for the shell.
platy_start_limit=1.5
platy_end_limit=4

# Milliseconds of a clock that only goes forward, in platy_now.
platy_clock() {
  platy_now=
  if { read -r platy_now platy_rest </proc/uptime; } 2>/dev/null; then
    platy_part=${platy_now#*.}
    # 12.05 is 12 s and 05 hundredths; a leading zero would make the number octal.
    platy_now=$((${platy_now%.*} * 1000 + (1$platy_part - 100) * 10))
  else
    platy_now=$(($(date +%s) * 1000))
  fi
}

# Writes $1 as a JSON string.
platy_string() {
  platy_in=$1
  case $platy_in in
    *[\"\\[:cntrl:]]*) ;;
    *) printf '"%s"' "$platy_in"; return ;;
  esac
  printf '"'
  while [ -n "$platy_in" ]; do
    platy_tail=${platy_in#?}
    platy_char=${platy_in%"$platy_tail"}
    platy_in=$platy_tail
    case $platy_char in
      \") printf '\\"' ;;
      \\) printf '\\\\' ;;
      '
') printf '\\n' ;;
      [[:cntrl:]]) printf '\\u%04x' "'$platy_char" ;;
      *) printf '%s' "$platy_char" ;;
    esac
  done
  printf '"'
}

# Writes a member of an object: its name, and its text or null.
platy_member() {
  printf ',"%s":' "$1"
  if [ -n "$2" ]; then platy_string "$2"; else printf null; fi
}

# Writes the event of type $1; $2 is the exit code, $3 the signal, $4 the duration in ms.
# In a subshell, byte by byte: what is no ASCII passes through as it is.
platy_event() (
  LC_ALL=C
  platy_run=${NOMAD_ALLOC_ID-}
  case ${NOMAD_JOB_ID-} in
    # A launch of a periodic or parameterized job has an ID of its own.
    */periodic-* | */dispatch-*) platy_run=$NOMAD_JOB_ID ;;
  esac
  printf '{"specversion":"1.0","id":'
  platy_string "${NOMAD_ALLOC_ID-}.${NOMAD_TASK_NAME-}.$platy_attempt.$1"
  printf ',"source":'
  platy_string "/platy/${PLATY_CLUSTER-}/${NOMAD_NAMESPACE-}/${PLATY_JOB-}"
  printf ',"type":"platy.job.%s"' "$1"
  platy_member subject "${PLATY_JOB_KEY-}"
  printf ',"time":"%s","datacontenttype":"application/json"' "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
  printf ',"data":{"attempt":%d,"exit_code":%s' "$platy_attempt" "${2:-null}"
  platy_member signal "$3"
  printf ',"duration_ms":%s' "${4:-null}"
  platy_member job "${PLATY_JOB-}"
  platy_member stage "${PLATY_STAGE-}"
  platy_member cluster "${PLATY_CLUSTER-}"
  platy_member namespace "${NOMAD_NAMESPACE-}"
  platy_member user "${PLATY_USER-}"
  platy_member owner "${PLATY_OWNER-}"
  platy_member run "$platy_run"
  platy_member allocation "${NOMAD_ALLOC_ID-}"
  platy_member task "${NOMAD_TASK_NAME-}"
  platy_member host "${PLATY_HOST:-$(uname -n 2>/dev/null)}"
  platy_member build "${PLATY_BUILD-}"
  printf '}}'
)

# Sends the text $1; becomes the program that does so.
platy_post() {
  if command -v curl >/dev/null 2>&1; then
    exec curl -q -sf -m "$platy_limit" -o /dev/null -X POST \
      -H 'Content-Type: application/cloudevents+json' --data-binary "$1" "$PLATY_EVENTS_URL"
  fi
  exec wget -q -T "${platy_limit%.*}" -O /dev/null \
    --header='Content-Type: application/cloudevents+json' --post-data="$1" "$PLATY_EVENTS_URL"
}

# Kills process $2 after $1 seconds, unless the process in platy_timer is told to end before.
platy_kill_later() {
  (
    trap 'kill "$platy_sleep" 2>/dev/null; exit 0' TERM
    sleep "$1" &
    platy_sleep=$!
    # Where sleep takes no fractions, it ends at once.
    wait "$platy_sleep" || {
      sleep "${1%.*}" &
      platy_sleep=$!
      wait "$platy_sleep"
    }
    kill -9 "$2"
  ) </dev/null >/dev/null 2>&1 &
  platy_timer=$!
}

# Reports an event (arguments of platy_event) in at most $platy_limit seconds.
platy_report() {
  platy_text=$(platy_event "$@")
  if [ -z "${PLATY_EVENTS_URL-}" ] ||
    ! { command -v curl || command -v wget; } >/dev/null 2>&1; then
    printf '%s\n' "$platy_text" >&2
    return
  fi
  # Kept before it is sent, so that it is kept too when the task is killed meanwhile.
  platy_kept=
  if [ -n "${NOMAD_ALLOC_DIR-}" ] && mkdir -p "$NOMAD_ALLOC_DIR/platy/events" 2>/dev/null; then
    platy_kept=$NOMAD_ALLOC_DIR/platy/events/${NOMAD_TASK_NAME-task}.$platy_attempt.$1.json
    printf '%s\n' "$platy_text" 2>/dev/null >"$platy_kept" || platy_kept=
  fi
  (platy_post "$platy_text") </dev/null >/dev/null 2>&1 &
  platy_sender=$!
  # A program's own timeout does not cover all that it does.
  platy_kill_later "$platy_limit" "$platy_sender"
  platy_guard=$platy_timer
  platy_await "$platy_sender"
  kill "$platy_guard" 2>/dev/null
  if [ "$platy_code" -eq 0 ] && [ -n "$platy_kept" ]; then
    rm -f "$platy_kept"
  fi
}

# Waits for process $1, whatever signals come; its exit code is in platy_code.
platy_await() {
  while :; do
    platy_caught=
    wait "$1" 2>/dev/null
    platy_code=$?
    # Without a signal meanwhile this is the exit code; else the wait may have been cut short.
    [ -n "$platy_caught" ] || return 0
    if kill -0 "$1" 2>/dev/null; then
      continue
    fi
    # It ended meanwhile: 127 says that its exit code was told already.
    platy_first=$platy_code
    wait "$1" 2>/dev/null
    platy_code=$?
    [ "$platy_code" -ne 127 ] || platy_code=$platy_first
    return 0
  done
}

# Passes signal $1 (a name, with its number in $2) on to the command.
platy_forward() {
  platy_caught=$2
  if [ -z "$platy_child" ]; then
    # Before the command runs, the signals that end a program do so here.
    case $1 in TERM | INT | QUIT | HUP) platy_early=${platy_early:-$2} ;; esac
    return
  fi
  kill -s "$1" "$platy_child" 2>/dev/null
  if [ "$1" = INT ] && platy_ignores_int; then
    # A shell makes what it starts in the background deaf to INT, where nothing undoes that.
    platy_instead=1
    kill -s TERM "$platy_child" 2>/dev/null
  fi
  # Nomad is stopping the task, and kills the wrapper too when the command takes too long. So the
  # command is killed a moment before that, and there is someone left to say so.
  if [ "$1" = "${PLATY_KILL_SIGNAL-}" ] && [ -n "${PLATY_KILL_AFTER-}" ] && [ -z "$platy_killer" ]; then
    platy_kill_later "$PLATY_KILL_AFTER" "$platy_child"
    platy_killer=$platy_timer
  fi
}

# Whether the command ignores SIGINT, the second bit of the mask's last digit.
platy_ignores_int() {
  while read -r platy_key platy_value; do
    case $platy_key$platy_value in
      SigIgn:*[2367aAbBeEfF]) return 0 ;;
    esac
  done 2>/dev/null <"/proc/$platy_child/status"
  return 1
}

# The command as Nomad's exec drivers find it, in platy_found.
platy_lookup() {
  platy_found=$1
  for platy_folder in "${NOMAD_TASK_DIR-}" "${NOMAD_TASK_DIR-}/.."; do
    if [ -n "${NOMAD_TASK_DIR-}" ] && [ -f "$platy_folder/$1" ]; then
      platy_found=$platy_folder/$1
      [ -x "$platy_found" ] || chmod +x "$platy_found" 2>/dev/null
      return
    fi
  done
}

if [ "${1-}" = -l ]; then
  shift
  platy_lookup "${1-}"
  [ $# -eq 0 ] || { shift; set -- "$platy_found" "$@"; }
fi
if [ $# -eq 0 ]; then
  echo 'platy-wrapper: no command to run' >&2
  exit 64
fi

platy_child=
platy_early=
platy_instead=
platy_killer=
trap 'platy_forward TERM 15' TERM
trap 'platy_forward INT 2' INT
trap 'platy_forward HUP 1' HUP
trap 'platy_forward QUIT 3' QUIT
trap 'platy_forward USR1 10' USR1
trap 'platy_forward USR2 12' USR2

# Nomad restarts a task in the same allocation and does not say how often it did.
platy_attempt=1
if [ -n "${NOMAD_ALLOC_DIR-}" ] && mkdir -p "$NOMAD_ALLOC_DIR/platy/attempts" 2>/dev/null; then
  platy_file=$NOMAD_ALLOC_DIR/platy/attempts/${NOMAD_TASK_NAME-task}
  { read -r platy_last <"$platy_file"; } 2>/dev/null || platy_last=0
  case $platy_last in '' | *[!0-9]*) platy_last=0 ;; esac
  platy_attempt=$((platy_last + 1))
  { echo "$platy_attempt" >"$platy_file"; } 2>/dev/null
fi

exec 3<&0
platy_limit=$platy_start_limit
platy_report started '' '' '' </dev/null
platy_clock
platy_began=$platy_now

if [ -n "$platy_early" ]; then
  platy_status=$((128 + platy_early))
else
  # What a shell starts in the background ignores INT. Job control (bash has it without a
  # terminal) and `env` of GNU are the two ways around that.
  if [ ! -t 3 ] && set -m 2>/dev/null && case $- in *m*) true ;; *) false ;; esac; then
    "$@" <&3 3<&- &
    platy_child=$!
    set +m
  else
    case $1 in
      *=*) platy_env= ;;
      *) platy_env=$(env --default-signal=INT,QUIT echo yes 2>/dev/null) ;;
    esac
    if [ "$platy_env" = yes ]; then
      env --default-signal=INT,QUIT "$@" <&3 3<&- &
    else
      "$@" <&3 3<&- &
    fi
    platy_child=$!
  fi
  # A signal that came between the last look and now.
  [ -z "$platy_early" ] || kill -s "$platy_early" "$platy_child" 2>/dev/null
  exec 3<&- </dev/null
  platy_await "$platy_child"
  platy_status=$platy_code
  [ -z "$platy_killer" ] || kill "$platy_killer" 2>/dev/null
  if [ -n "$platy_instead" ] && [ "$platy_status" -eq 143 ]; then
    platy_status=130
  fi
fi

# From here on a signal changes nothing: the end is bounded.
trap : TERM INT HUP QUIT USR1 USR2
platy_clock
platy_duration=$((platy_now - platy_began))
platy_signal=
if [ "$platy_status" -gt 128 ] && [ "$platy_status" -le 192 ]; then
  platy_signal=$(kill -l $((platy_status - 128)) 2>/dev/null)
fi
platy_limit=$platy_end_limit
if [ "$platy_status" -eq 0 ]; then
  platy_report succeeded 0 '' "$platy_duration"
else
  platy_report failed "$platy_status" "$platy_signal" "$platy_duration"
fi
exit "$platy_status"
