"""The page of `claimctl report`: what is read, its charts, and how they are laid out."""
