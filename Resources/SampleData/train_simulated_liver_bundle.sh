#!/bin/sh
# Simulates the cohort, trains the bundle of this folder and measures it; everything goes to the folder named.
set -eu
out=${1:?name a folder for the results}
spatiotemporal simulate liver-metastases --count 2000 --seed 11 --out "$out/cohort"
spatiotemporal train stg --preset light --folds 5 --epochs 40 --patience 12 \
    --cohort "$out/cohort" --out "$out/simulated_liver_bundle" --simulated \
    --data "livers with metastases at three scans, spatiotemporal simulate liver-metastases --count 2000 --seed 11"
spatiotemporal evaluate "$out/simulated_liver_bundle" --cohort "$out/cohort" --out "$out/evaluation"
