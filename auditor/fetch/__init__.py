"""The asyncio fetcher: sign-in, pacing, one attempt, retries, the pool of workers. It decides nothing: `core` does."""
