DROP TABLE hook.account_keys;
