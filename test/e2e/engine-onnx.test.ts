import t from 'tap';
import { conformance } from '../fixtures/engine-conformance.js';

await conformance(t, 'onnx');
