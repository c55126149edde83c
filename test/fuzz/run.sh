#!/bin/sh
# Builds the fuzzers with clang's sanitizers and runs each for SECONDS (default 10). What they learn is kept in
# build/fuzz/corpus, so that the next run goes on from there; an input that breaks something is left in build/fuzz.
set -eu
seconds=${1:-10}
cd "$(dirname "$0")/../.."
corpus=build/fuzz/corpus
mkdir -p "$corpus"

# A seed a line, `\r\n` and the like as printf writes them; the byte before the request chooses where it is split.
number=0
while IFS= read -r seed; do
  number=$((number + 1))
  # shellcheck disable=SC2059 # the seed is the format
  printf "a$seed" > "$corpus/seed-$number"
done < test/fuzz/framer_seeds.txt

clang++ -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -Igateway \
  test/fuzz/framer_fuzz.cpp gateway/framer.cpp -o build/fuzz/framer
build/fuzz/framer -max_total_time="$seconds" -max_len=20000 -timeout=5 -print_final_stats=1 \
  -artifact_prefix=build/fuzz/ -dict=test/fuzz/http.dict "$corpus"
