"""What the documentation site has besides the pages in docs/: references, made when it is built."""
