#!/usr/bin/env bash
# The figures of these pages, counted again: serves MODEL on a free port of
# 127.0.0.1, is its client, prints counters of the kernel, and ends it.
#
#   docs/models/measure.sh trace    MODEL   system calls of two requests and of a close, by curl
#   docs/models/measure.sh calls    MODEL   system calls of 1,000 requests on one connection
#   docs/models/measure.sh conns    MODEL   system calls of 200 connections of one request
#   docs/models/measure.sh switches MODEL   context switches of 1,000 requests on one connection
#   docs/models/measure.sh idle     MODEL   threads, processes and memory of 100 idle connections
#   docs/models/measure.sh fails    MODEL   who is answered beside 4 connections that misbehave, and
#                                           after a crash
#
# Further arguments go to `c10kit serve`. C10KIT names a command that is built
# already. Needs bash, curl, and strace for the first three.
set -euo pipefail

(($# >= 2)) || { sed -n '2,16s/^# \{0,1\}//p' "$0" >&2; exit 2; }
what=$1 model=$2
shift 2
here=$(cd "$(dirname "$0")/../.." && pwd)
tmp=$(mktemp -d)
server='' tracer=''
finish() {
	[[ -n $server ]] && kill "$server" 2>/dev/null
	[[ -n $tracer ]] && wait "$tracer" 2>/dev/null
	rm -rf "$tmp"
}
trap finish EXIT
if [[ -z ${C10KIT:-} ]]; then
	C10KIT=$tmp/c10kit
	(cd "$here" && go build -o "$C10KIT" ./cmd/c10kit)
fi

# serve starts the server behind the given command (strace, or none) and waits
# until it listens and its workers wait.
serve() {
	"$@" "$C10KIT" serve "$model" --addr 127.0.0.1:0 "${flags[@]}" >"$tmp/out" &
	server=$! tracer=$!
	until grep -qs listening "$tmp/out"; do
		kill -0 "$server" # or it could not start, and has said why
		sleep 0.1
	done
	addr=$(awk '{print $3}' "$tmp/out")
	if (($# > 0)); then server=$(pgrep -P "$tracer" | head -1); fi
	sleep 2
}

# tree prints the process and all below it.
tree() {
	echo "$1"
	local child
	for child in $(pgrep -P "$1" || true); do tree "$child"; done
}

# request sends one request on descriptor fd and reads the answer. By cat: bash
# would send every line by itself.
printf 'GET /plaintext HTTP/1.1\r\nHost: c10kit\r\n\r\n' >"$tmp/request"
request() {
	cat "$tmp/request" >&"$fd"
	LC_ALL=C IFS= read -r -t 2 -N "$size" -u "$fd" answer
}

connect() { exec {fd}<>"/dev/tcp/${addr%:*}/${addr##*:}"; }

# counters prints a line for each thread: its number, its voluntary and involuntary
# switches, and the kernel function that it waits in.
counters() {
	local pid task
	for pid in $(tree "$server"); do
		for task in "/proc/$pid/task"/*; do
			awk -v wchan="$(cat "$task/wchan")" '/^Pid:/ {tid = $2} /^voluntary/ {vol = $2}
				/^nonvoluntary/ {print tid, vol, $2, wchan}' "$task/status"
		done
	done
}

# memory prints the anonymous memory of all processes in KiB, from $1: RssAnon counts
# a page that a fork shares in every process, Pss_Anon once.
memory() {
	local pid file=status
	[[ $1 == Pss_Anon ]] && file=smaps_rollup
	for pid in $(tree "$server"); do
		awk -v key="$1:" '$1 == key {print $2}' "/proc/$pid/$file"
	done | awk '{s += $1} END {print s}'
}

# shape prints how many processes and threads there are.
shape() {
	local pids
	pids=$(tree "$server")
	echo "$(wc -w <<<"$pids") processes, $(for p in $pids; do ls "/proc/$p/task"; done | wc -l) threads"
}

# calls prints the system calls that ended after line $1 of strace's log, in that
# order, and at last those that still wait: it joins what strace tore apart.
calls() {
	awk -v from="$1" '
		{tid = $1; sub(/^[0-9]+ +/, "")}
		/^(---|\+\+\+)/ {next}
		/<unfinished \.\.\.>$/ {sub(/ *<unfinished \.\.\.>$/, ""); held[tid] = $0; next}
		/^<\.\.\. / {sub(/^<\.\.\. [a-z0-9_]+ resumed>/, ""); $0 = held[tid] $0; delete held[tid]}
		NR > from {print tid, $0}
		END {for (tid in held) print tid, held[tid] " ..."}' "$log"
}

# summary counts them: how many, how many for each of $2 requests or connections.
summary() {
	calls "$1" | grep -v ' \.\.\.$' | sed -E 's/^[0-9]+ //; s/\(.*//' | sort | uniq -c | sort -rn |
		awk -v n="$2" '{printf "%8d  %6.2f  %s\n", $1, $1 / n, $2}'
}

# another says whether one more connection is answered beside $1.
another() {
	if curl -s -m 1 -o /dev/null "http://$addr/plaintext"; then echo "beside $1: answered"; else echo "beside $1: not answered in 1 s"; fi
}

# drop closes the held connections.
drop() {
	for fd in "${held[@]}"; do exec {fd}>&-; done
	held=()
	sleep 1
}

flags=("$@")
log=$tmp/strace
case $what in
trace)
	# What Go's scheduler does for itself is left out.
	serve strace -f -e 'trace=!futex,nanosleep,sched_yield,getpid,tgkill,rt_sigreturn,mmap,mprotect,munmap,madvise,rseq,set_robust_list,sigaltstack' -o "$log"
	mark=$(wc -l <"$log")
	curl -s -o /dev/null -o /dev/null "http://$addr/plaintext" "http://$addr/plaintext"
	sleep 0.5
	echo "== two requests on one connection, then the client closes"
	calls "$mark"
	mark=$(wc -l <"$log")
	curl -s -o /dev/null -H 'Connection: close' "http://$addr/plaintext"
	sleep 0.5
	echo "== one request with Connection: close"
	calls "$mark"
	;;
calls | conns)
	serve strace -f -o "$log"
	size=$(curl -si "http://$addr/plaintext" | wc -c)
	sleep 1
	n=1000
	if [[ $what == calls ]]; then
		connect
		for _ in {1..10}; do request; done
		mark=$(wc -l <"$log")
		for ((i = 0; i < n; i++)); do request; done
		summary "$mark" $n
	else
		n=200 mark=$(wc -l <"$log")
		for ((i = 0; i < n; i++)); do
			connect
			request
			exec {fd}>&-
		done
		sleep 1
		summary "$mark" $n
	fi
	;;
switches)
	serve
	size=$(curl -si "http://$addr/plaintext" | wc -c)
	connect
	for _ in {1..10}; do request; done
	counters >"$tmp/before"
	for ((i = 0; i < 1000; i++)); do request; done
	counters >"$tmp/after"
	echo "voluntary  involuntary  where the thread waits now"
	awk 'NR == FNR {v[$1] = $2; i[$1] = $3; next}
		{printf "%9d  %11d  %s\n", $2 - v[$1], $3 - i[$1], $4}' "$tmp/before" "$tmp/after" | sort -rn | head -8
	;;
idle)
	serve
	size=$(curl -si "http://$addr/plaintext" | wc -c)
	sleep 0.5
	n=0 rss=$(memory RssAnon) pss=$(memory Pss_Anon)
	echo "no connection:  $(shape), RssAnon $rss KiB, Pss_Anon $pss KiB"
	while ((n < 100)); do
		connect
		request || break # more than workers
		n=$((n + 1))
	done
	sleep 0.5
	rss1=$(memory RssAnon) pss1=$(memory Pss_Anon)
	echo "$n connections: $(shape), RssAnon $rss1 KiB, Pss_Anon $pss1 KiB"
	echo "for each:       RssAnon $(((rss1 - rss) / n)) KiB, Pss_Anon $(((pss1 - pss) / n)) KiB"
	;;
fails)
	flags+=(--lab)
	serve
	size=$(curl -si "http://$addr/plaintext" | wc -c)
	held=()
	for _ in {1..4}; do connect; request || true; held+=("$fd"); done
	another "4 idle connections"
	drop
	curls=()
	for _ in {1..4}; do
		curl -s -o /dev/null "http://$addr/block/2s" &
		curls+=($!)
	done
	sleep 0.5
	another "4 requests that block for 2 s"
	wait "${curls[@]}"
	for _ in {1..4}; do connect; printf 'GET /plaintext HTTP/1.1\r\n' >&"$fd"; held+=("$fd"); done
	another "4 half-sent requests"
	drop
	connect
	request
	curl -s -m 2 -o /dev/null "http://$addr/crash" || true
	sleep 1
	if request 2>/dev/null; then echo "after a crash in another connection: answered"; else echo "after a crash in another connection: cut"; fi
	another "none, 1 s after a crash"
	;;
*)
	echo "measure.sh: $what is none of trace, calls, conns, switches, idle, fails" >&2
	exit 2
	;;
esac
