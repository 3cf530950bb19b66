"""What is done to functional series before they are analysed: timing of slices, motion, nuisance, spikes."""
