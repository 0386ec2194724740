"""scikit-learn's face: validate, delegate, store."""
