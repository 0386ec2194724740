"""Weights: a table of distinct rows with counts gives the fit of all rows."""

import numpy as np

from softmix import GaussianMixture
from softmix.data import faithful_path

X = np.loadtxt(faithful_path(), delimiter=",", skiprows=1).round(1)
distinct, counts = np.unique(X, axis=0, return_counts=True)

of_all = GaussianMixture(n_components=2, random_state=0).fit(X)
of_counts = GaussianMixture(n_components=2, random_state=0).fit(distinct, sample_weight=counts)

print(f"{len(X)} rows, to a tenth of a minute, are {len(distinct)} distinct rows with counts.")
print(f"means from all rows:\n{of_all.means_.round(3)}")
print(f"means from counts:\n{of_counts.means_.round(3)}")
print(f"largest difference: {np.abs(of_all.means_ - of_counts.means_).max():.0e}")
