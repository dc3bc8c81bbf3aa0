#!/bin/sh
# Makes a folder that tests and measures Cathode on a machine with an NVIDIA GPU and nothing of ours: a Java runtime,
# the jars, the golden files, and check.sh, all under 64 MiB. That machine needs the libraries of docs/cuda.md; Python
# with PyTorch is what check.sh compares with, where there is one.
#
#   tools/gpu/pack.sh [FOLDER]     default: target/gpu; replaced if it is there
#
# MAVEN_ARGS goes to Maven, for example -o.
set -eu

needed=25
limit=$((64 * 1024 * 1024))
root=$(cd "$(dirname "$0")/../.." && pwd -P)
out=${1:-$root/target/gpu}

# Sets $jdk to a JDK that is new enough: JAVA_HOME's, or one of the usual folders'.
find_jdk() {
    for jdk in "${JAVA_HOME:-}" /usr/lib/jvm/* /usr/java/* /opt/java/* /opt/jdk*; do
        if [ -x "$jdk/bin/jlink" ]; then
            version=$("$jdk/bin/jlink" --version | cut -d. -f1)
            [ "$version" -lt "$needed" ] || return 0
        fi
    done
    echo "pack.sh: no JDK $needed or newer found; name one in JAVA_HOME" >&2
    exit 1
}

find_jdk
cd "$root"
if [ -e "$out" ] && [ ! -e "$out/check.sh" ]; then
    echo "pack.sh: $out is there and not of this script's making; name another folder" >&2
    exit 1
fi
rm -rf "$out"
mkdir -p "$out/jars"
out=$(cd "$out" && pwd -P)
cp bench/peers/make_sd14.py bench/peers/shapes.py tools/gpu/peer.py tools/gpu/sd14.py tools/gpu/check.sh "$out"

# Third-party jars and our own, then our tests, without the golden files in them.
# shellcheck disable=SC2086 # several arguments
./mvnw -q ${MAVEN_ARGS:-} -DskipTests -Dmaven.javadoc.skip -Dmaven.source.skip -pl bench -am package \
    org.apache.maven.plugins:maven-dependency-plugin:3.11.0:copy-dependencies -DincludeScope=test \
    -DexcludeClassifiers=tests -DexcludeArtifactIds=jmh-core,jopt-simple,commons-math3 -DoutputDirectory="$out/jars"
for module in weights-loader kernels engine bench; do
    rm -f "$out/jars/cathode-$module"-*.jar
    "$jdk/bin/jar" --create --file "$out/jars/cathode-$module.jar" -C "$module/target/classes" .
    "$jdk/bin/jar" --create --file "$out/jars/cathode-$module-tests.jar" -C "$module/target/test-classes" dev
done

"$jdk/bin/jlink" --add-modules \
    java.base,java.logging,java.management,jdk.incubator.vector,jdk.management,jdk.unsupported \
    --strip-debug --no-man-pages --no-header-files --compress zip-9 --output "$out/image"
if command -v strip > /dev/null; then
    strip "$out/image/lib/server/libjvm.so"
fi
cp -R weights-loader/src/test/resources/goldens "$out/goldens"
for topic in checkpoints full metrics image_fit schedulers vae_tiled tokenizer_clip_vit mixed_precision namehash; do
    rm -rf "$out/goldens/$topic" # not of the tests that GPUs run
done
find "$out/goldens/pipeline" -mindepth 1 -maxdepth 1 ! -name model ! -name golden.json -exec rm -rf {} +

bytes=$(du -sb "$out" | cut -f1)
echo "$out: $((bytes / 1024 / 1024)) MiB; there: $(basename "$out")/check.sh"
if [ "$bytes" -ge "$limit" ]; then
    echo "pack.sh: that is more than $((limit / 1024 / 1024)) MiB" >&2
    exit 1
fi
