#!/bin/sh
# Tests and measures Cathode on this machine's NVIDIA GPU, next to PyTorch, and prints one table. It lies in a folder
# that tools/gpu/pack.sh made.
#
#   check.sh [RESULTS [PART...]]
#
# RESULTS is a folder (default: results) for the table, figures, logs and device.json, which is cuDNN's description of
# the GPU. Parts, all by default, in this order: describe tests kernels model networks images training peers table.
# Figures add up over several calls with the same folder. A part that fails says so; the others go on, and the end is 1.
# Without a GPU that can be used it says in one line what is missing, and ends with 3.
#
# All of it ends after LIMIT seconds: a part has its share of them at most, and what comes too late is left out, but for
# the table. Kernels are compiled and plans are chosen in the first run on a machine, so that a second one gets further.
#
#   LIMIT    seconds for everything, default 570
#   GPU      number of the GPU, default 0
#   PYTHON   Python with PyTorch, default python3
#   JAVA     Java, default image/bin/java beside this file
set -u

here=$(cd "$(dirname "$0")" && pwd -P)
java=${JAVA:-$here/image/bin/java}
python=${PYTHON:-python3}
classes=${CATHODE_CLASSES:-$here/jars/*}
gpu=${GPU:-0}
deadline=$(($(date +%s) + ${LIMIT:-570}))
for_table=10
share=60
results=${1:-results}
[ $# -eq 0 ] || shift

if [ ! -x "$java" ]; then
    echo "check.sh: no Java at $java; tools/gpu/pack.sh makes the folder that this file belongs into" >&2
    exit 2
fi
# NVIDIA's libraries are often those of PyTorch's environment.
if [ -z "${VIRTUAL_ENV:-}" ] && command -v "$python" > /dev/null; then
    VIRTUAL_ENV=$("$python" -c 'import sys; print(sys.prefix)')
    export VIRTUAL_ENV
fi

# Runs a command for as long as its part may take.
limited() {
    left=$((deadline - for_table - $(date +%s)))
    [ "$left" -lt "$share" ] || left=$share
    if [ "$left" -lt 1 ]; then
        echo "no time left"
        return 1
    fi
    timeout -k 5 "$left" "$@"
    status=$?
    [ $status -ne 124 ] || echo "stopped after $left s"
    return $status
}

run() {
    limited "$java" -Xmx8g --add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED -Dcathode.gpu="$gpu" \
        -Dcathode.goldens="$here/goldens" -cp "$classes" "$@"
}
bench=dev.cathode.bench.gpu.GpuBench

"$java" --enable-native-access=ALL-UNNAMED -Dcathode.gpu="$gpu" -cp "$classes" $bench obstacle || exit
mkdir -p "$results" || exit
results=$(cd "$results" && pwd -P)
figures=$results/figures.jsonl
model=$results/sd14
failed=""

# Whether a part is wanted: parts are the arguments.
[ $# -gt 0 ] || set -- describe tests kernels model networks images training peers table
parts=" $* "
wanted() {
    case $parts in
        *" $1 "*) return 0 ;;
    esac
    return 1
}

# Runs a command for a part, its output into a log too: part NAME SECONDS COMMAND...
part() {
    name=$1
    share=$2
    shift 2
    echo "== $name"
    start=$(date +%s)
    { "$@" 2>&1 || echo "$name FAILED"; } | tee "$results/$name.log"
    if [ "$(tail -n 1 "$results/$name.log")" = "$name FAILED" ]; then
        failed="$failed $name"
    fi
    echo "== $name took $(($(date +%s) - start)) s"
}

has() {
    "$python" -c "import $1" 2> /dev/null
}

make_model() {
    if ! has numpy; then
        echo "no numpy for $python to make the model with"
        return 1
    fi
    [ -e "$model/complete" ] && return 0
    limited "$python" "$here/make_sd14.py" "$model" --dtype float16 --tokenizer "$here/goldens/tokenizer/clip" \
        && touch "$model/complete"
}

# A command that reads the model.
with_model() {
    if [ ! -e "$model/complete" ]; then
        echo "there is no model in $model: the part 'model' makes it"
        return 1
    fi
    "$@"
}

if wanted describe; then
    part describe 30 run $bench describe "$results/device.json"
    nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader 2> /dev/null \
        | tee "$results/driver.txt"
fi
wanted tests && part tests 200 run dev.cathode.bench.gpu.GpuTests
wanted kernels && part kernels 100 run $bench kernels "$figures"
wanted model && part model 90 make_model
for name in networks images training; do
    if wanted $name; then
        part $name 150 with_model run $bench $name "$figures" "$model"
    fi
done
if wanted peers; then
    if has torch && has safetensors; then
        part peer-check 60 limited "$python" "$here/peer.py" --check "$here/goldens"
        for way in eager compiled math; do
            part "peer-$way" 200 with_model limited "$python" "$here/peer.py" "$model" "$figures" --way $way
        done
    else
        echo "no torch or no safetensors for $python: PyTorch is not measured"
    fi
fi
deadline=$(($(date +%s) + for_table + 10)) # what was measured is shown in any case
table() {
    if [ ! -s "$figures" ]; then
        echo "nothing has been measured"
        return 1
    fi
    run $bench table "$figures"
}
wanted table && part table 10 table
if [ -n "$failed" ]; then
    echo "failed:$failed" >&2
    exit 1
fi
