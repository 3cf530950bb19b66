#!/bin/sh
# Simulates the cohort, trains the bundle of this folder and measures it; everything goes to the folder named.
set -eu
out=${1:?name a folder for the results}
spatiotemporal simulate nodules --count 900 --extent 60,60,40 --seed 11 --out "$out/cohort"
spatiotemporal train csfnet --cohort "$out/cohort" --out "$out/simulated_nodule_bundle" --simulated \
    --data "lung nodules on CT at two visits a year apart, spatiotemporal simulate nodules --count 900 --seed 11" \
    --size 16,32,32 --spacing 1,1,1.5 --covariates age,sex \
    --set 'stages=[[8,8],[16,16],[32]]' --set width=32 \
    --epochs 25 --patience 8 --learning-rate 0.002
spatiotemporal evaluate "$out/simulated_nodule_bundle" --cohort "$out/cohort" --subgroups sex --out "$out/evaluation"
