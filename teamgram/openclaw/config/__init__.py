"""The control plane's configuration: OpenClaw's own key paths, validated as a whole, changed while running."""
