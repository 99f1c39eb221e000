import { existsSync } from 'node:fs';

import { defineCapability } from 'batchy';

/** Free as long as nobody has put a file there. */
export const portIsFree = defineCapability('port_is_free', () => !existsSync('port'));
