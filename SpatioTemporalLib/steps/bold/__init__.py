"""What analyses of functional MRI share: contrasts in words, confounds, thresholds, clusters."""
