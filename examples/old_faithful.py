"""Soft clustering of Old Faithful: two kinds of eruption, and the few that are neither."""

import numpy as np

from softmix import GaussianMixture
from softmix.data import faithful_path

X = np.loadtxt(faithful_path(), delimiter=",", skiprows=1)
gm = GaussianMixture(n_components=2, random_state=0).fit(X)

for k, (weight, mean) in enumerate(zip(gm.weights_, gm.means_, strict=True)):
    print(
        f"component {k}: {weight:.0%} of the eruptions, {mean[0]:.1f} min long, {mean[1]:.0f} min of waiting"
    )

memberships = gm.predict_proba(X)
uncertainty = 1 - memberships.max(axis=1)
print("\nThe least certain eruptions:")
for i in uncertainty.argsort()[::-1][:3]:
    shares = ", ".join(f"{share:.1%}" for share in memberships[i])
    print(f"{X[i, 0]:.1f} min long, {X[i, 1]:.0f} min of waiting: memberships {shares}")
