import { requireNode } from './launch.js';

requireNode();
