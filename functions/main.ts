import './collect.ts';
import './read.ts';
