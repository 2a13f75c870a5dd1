"""The console: pages in the browser that use only the admin API."""
