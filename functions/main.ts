import './collect.ts';
import './openapi.ts';
import './read.ts';
import './preflight.ts';
import './search.ts';
import './seal.ts';
import './detections.ts';
import './incidents.ts';
