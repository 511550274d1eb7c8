-- What `node probe` saw of a board's EEPROM (BOOT_ORDER); unknown until a board with one was probed.

ALTER TABLE nodes ADD COLUMN boot_order INTEGER;
