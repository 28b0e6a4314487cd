import './collect.ts';
import './openapi.ts';
import './read.ts';
import './seal.ts';
import './detections.ts';
