/** Certificates that are wrong, each alone in a real mesh: it is found under its code, and nothing else is. */
import { testFaults } from './harness/planted.ts';
import { FAULTS_OF_CERTIFICATES } from './mesh/faults-of-certificates.ts';

testFaults(FAULTS_OF_CERTIFICATES);
