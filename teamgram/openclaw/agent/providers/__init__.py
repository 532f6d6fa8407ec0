"""Where replies come from: the embedded ``echo``, OpenAI-compatible endpoints, Anthropic's messages API."""
