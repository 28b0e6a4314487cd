import './collect.ts';
import './read.ts';
import './seal.ts';
