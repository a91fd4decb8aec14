# SPDX-License-Identifier: MIT
#
# What tools/test and tools/coverage share; they source it.

# How many compilers run at a time: on this code one may take 2 GiB.
count_jobs() {
    local memory processors
    memory=$(awk '/^MemTotal/ { print int($2 / 2097152) }' /proc/meminfo)
    processors=$(nproc)
    ((memory > 0)) || memory=1
    echo $((processors <= memory ? processors : memory))
}

failed=0

# stage TITLE LOG COMMAND...: runs, prints the time; on failure prints the end of the output, and
# failed is 1 from then on.
stage() {
    local title=$1 log=$2 begin=$SECONDS
    shift 2
    if "$@" >"$log" 2>&1; then
        printf '%s %4d s\n' "$title" $((SECONDS - begin))
    else
        printf '%s %4d s  FAILED, all of it in %s\n' "$title" $((SECONDS - begin)) "$log"
        tail -n 60 "$log"
        failed=1
        return 1
    fi
}
