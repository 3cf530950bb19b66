"""Parts that networks are composed of; one calling convention for all.

images : (B, T, C, K, J, I), a row a patient, a column a visit
times : (B, T) days; visits need not be in order, an unobserved one may hold anything
mask : (B, T) bool, True where a visit was observed
covariates : (B, F), with a mask (B, F) of their own, True where a value is known
"""
