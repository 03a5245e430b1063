#!/usr/bin/env bash
# A real Slurm on this machine, to try the workflow's cluster profile and to test it: one controller
# and two nodes, without systemd and without an accounting database.
#
#   tests/slurm/cluster.sh install          Debian's packages; the only step that needs root
#   tests/slurm/cluster.sh start [FOLDER]   start what is not running yet; print how to use it
#   tests/slurm/cluster.sh status [FOLDER]  exit code 0 if both nodes can take jobs
#   tests/slurm/cluster.sh stop [FOLDER]    cancel all jobs, stop the daemons, delete the folder
#
# All state (config, key, sockets, logs, pid files) lies in FOLDER, ./.slurm if not given; only a link
# to its config is put into /etc/slurm. Jobs run as the user who starts the cluster.
set -euo pipefail

usage() {
    awk 'NR > 1 { if (!sub(/^# ?/, "")) exit; print }' "$0"
    exit 2
}

# Debian keeps the daemons in folders that a plain user's PATH does not name.
PATH=$PATH:/usr/sbin:/sbin
command=${1:-}
folder=$(realpath -m "${2:-.slurm}")
export SLURM_CONF=$folder/slurm.conf
nodes=(node1 node2)
# Snakemake's plugin drops SLURM_CONF from the environment of a job, so that srun looks here.
system_config=/etc/slurm/slurm.conf

fail() {
    echo "error: $1" >&2
    exit 1
}

# The pid of a daemon that we started, if it still runs: a number that another program has got in
# the meantime does not count.
pid_of() {
    local pid
    pid=$(cat "$folder/$1.pid" 2>/dev/null) && [ -n "$pid" ] &&
        [[ $(ps -o comm= -p "$pid") == "${2:-$1}" ]] && echo "$pid"
}

wait_for() {
    local what=$1
    shift
    for _ in $(seq 150); do
        if "$@"; then return; fi
        sleep 0.2
    done
    fail "$what; see the logs in $folder"
}

nodes_up() {
    [ "$(sinfo -h -N -o %T 2>/dev/null | grep -cE '^(idle|mixed|allocated)$')" -eq ${#nodes[@]} ]
}
munge_up() { [ -S "$folder/munge.socket" ]; }
queue_empty() { [ -z "$(squeue -h 2>/dev/null)" ]; }
gone() { ! pid_of "$@" >/dev/null; }

install() {
    if type munged slurmctld slurmd squeue >/dev/null 2>&1; then return; fi
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
        munge slurmctld slurmd slurm-client >/dev/null
}

write_config() {
    mkdir -p "$folder"/{controller,node1,node2}
    chmod 755 "$folder"
    local host user
    host=$(hostname -s)
    user=$(id -un)
    [ -f "$folder/munge.key" ] || (umask 077 && head -c 128 /dev/urandom >"$folder/munge.key")
    cat >"$SLURM_CONF" <<CONF
ClusterName=toy
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=16817
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket
CredType=cred/munge
StateSaveLocation=$folder/controller
SlurmctldPidFile=$folder/slurmctld.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdPidFile=$folder/%n.pid
SlurmdSpoolDir=$folder/%n
SlurmdLogFile=$folder/%n.log
# Nothing that needs systemd, cgroups or a database. Of a job that is cancelled, linuxproc would leave
# behind what lost its parent.
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SwitchType=switch/none
# Both nodes are this machine, so they claim what it may not have.
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
NodeName=node[1-2] NodeHostname=$host NodeAddr=127.0.0.1 Port=[17001-17002] CPUs=4 RealMemory=4000
# LLN (least loaded node): otherwise all jobs would land on node1.
PartitionName=toy Nodes=ALL Default=YES LLN=YES State=UP
# Look for jobs at once, notice a dead node soon, and take it back as soon as it answers.
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,sched_interval=1,bf_interval=1
TreeWidth=2
SlurmdTimeout=10
ReturnToService=2
# Snakemake, not Slurm, runs lost jobs again; and it asks squeue how jobs ended, for five minutes.
JobRequeue=0
MinJobAge=300
KillWait=2
CONF
}

start() {
    [[ $folder != *[[:space:]]* ]] || fail "Slurm takes no spaces in the path of FOLDER"
    type munged slurmctld slurmd squeue >/dev/null || fail "Slurm is not installed; run: $0 install"
    # A link whose target is gone is what a cluster left that was killed.
    if [ -e "$system_config" ] && [ "$(realpath "$system_config")" != "$SLURM_CONF" ]; then
        fail "$system_config belongs to another cluster; stop that one first"
    fi
    # A running cluster keeps its config: daemons complain about one that changed.
    pid_of slurmctld >/dev/null || write_config
    ln -sfn "$SLURM_CONF" "$system_config" ||
        fail "cannot write $system_config; as root: chown $(id -un) ${system_config%/*}"
    # --force: munged takes this folder's place in /tmp or a home for a risk to be confirmed.
    pid_of munged >/dev/null || munged --force --key-file="$folder/munge.key" \
        --socket="$folder/munge.socket" --pid-file="$folder/munged.pid" \
        --seed-file="$folder/munge.seed" --log-file="$folder/munged.log" 2>/dev/null
    wait_for "munged does not listen" munge_up
    pid_of slurmctld >/dev/null || slurmctld
    for node in "${nodes[@]}"; do
        pid_of "$node" slurmd >/dev/null || slurmd -N "$node"
    done
    wait_for "the nodes do not come up" nodes_up
    echo "Two nodes are up. To use them: export SLURM_CONF=$SLURM_CONF"
}

stop_daemon() {
    local pid
    if pid=$(pid_of "$@"); then
        kill "$pid"
        wait_for "$1 does not stop" gone "$@"
    fi
}

stop() {
    [ -f "$SLURM_CONF" ] || return 0
    if pid_of slurmctld >/dev/null; then
        scancel --quiet --user="$(id -un)" || true
        wait_for "jobs do not end" queue_empty
    fi
    for node in "${nodes[@]}"; do stop_daemon "$node" slurmd; done
    stop_daemon slurmctld
    stop_daemon munged
    [ "$(readlink "$system_config")" != "$SLURM_CONF" ] || rm "$system_config"
    rm -rf "$folder"
}

case $command in
    install) install ;;
    start) start ;;
    status) nodes_up && sinfo -N ;;
    stop) stop ;;
    *) usage ;;
esac
