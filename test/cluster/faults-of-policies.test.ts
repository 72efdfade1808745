/** Policies that are wrong, each alone in a real mesh: it is found under its code, and nothing else is. */
import { testFaults } from './harness/planted.ts';
import { FAULTS_OF_POLICIES } from './mesh/faults-of-policies.ts';

testFaults(FAULTS_OF_POLICIES);
