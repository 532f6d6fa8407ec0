-- What of a bot's settings goes along wherever it is shown. JSON, see domain/users/user.py.
ALTER TABLE users ADD COLUMN bot_traits {blob};
