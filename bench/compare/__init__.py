"""What `./dev bench` runs: this server and others under the same loads, in turn, side by side."""
