"""HTTP as OpenAI has it, for programs that know no other: completions, responses, models, embeddings."""
