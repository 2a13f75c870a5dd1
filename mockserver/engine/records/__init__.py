"""What providers declare their records with: CRUD, cursors, versions, lifecycles; and their OpenAPI document."""
