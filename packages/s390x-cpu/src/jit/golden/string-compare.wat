;; # Names are looked up in a list, as strcmp does it: CLST until it is done.
;; # jit entry next
;;         larl  %r2,list
;;         larl  %r3,name
;;         lghi  %r0,0
;;         lghi  %r4,3
;; next:   lgr   %r5,%r2
;;         lgr   %r6,%r3
;; again:  clst  %r5,%r6
;;         jo    again
;;         je    found
;;         la    %r2,8(%r2)
;;         brctg %r4,next
;; found:  svc   255
;; list:   .asciz "mvst   "
;;         .asciz "srst   "
;;         .asciz "clst   "
;; name:   .asciz "clst   "
;;
;; 64-bit mode, 8 guest instructions in 5 blocks, 836 bytes of WebAssembly

(module
  (import "env" "memory" (memory 1060 1060))
  (import "env" "compareStrings" (func $compareStrings (param i32 i32 i32 i32) (result i32)))
  (import "env" "conditionCode" (func $conditionCode (param i32 i32 i32 i64 i64 f64 f64) (result i32)))
  (func $region (export "region") (param $base i64) (result i32)
    (local $cc i32) (local $cc_kind i32) (local $cc_a32 i32) (local $cc_b32 i32) (local $cc_a64 i64) (local $cc_b64 i64) (local $cc_af64 f64)
    (local $cc_bf64 f64) (local $address i64) (local $end i32) (local $budget i32) (local $next i32) (local $count i32) (local $bank i32)
    (local $r2 i64) (local $r5 i64) (local $r3 i64) (local $r6 i64) (local $r0 i64) (local $t20 i32) (local $t21 i64) (local $t22 i64)
    (local $t23 i32) (local $t24 i32) (local $t25 i32) (local $t26 i64) (local $t27 i32) (local $t28 i32) (local $t29 i32) (local $t30 i64)
    (local $t31 i32) (local $t32 i32) (local $t33 i32) (local $t34 i32) (local $t35 i64) (local $t36 i64) (local $t37 i64) (local $t38 i64)
    (local $r4 i64) (local $t40 i32)

    ;; entry: budget, registers and condition code into locals
    (local.set $bank (i32.load (i32.const 2100)) (; BANK ;))
    (local.set $budget (i32.load (i32.const 2112)) (; BUDGET ;))
    (local.set $next (i32.const 1))
    (local.set $r2 (i64.load (i32.const 1040)) (; %r2 ;))
    (local.set $r5 (i64.load (i32.const 1064)) (; %r5 ;))
    (local.set $r3 (i64.load (i32.const 1048)) (; %r3 ;))
    (local.set $r6 (i64.load (i32.const 1072)) (; %r6 ;))
    (local.set $r0 (i64.load (i32.const 1024)) (; %r0 ;))
    (local.set $r4 (i64.load (i32.const 1056)) (; %r4 ;))
    (local.set $cc (i32.load (i32.const 2072)) (; CC ;))
    (block $to_exit
      (loop $loop_next

        ;; 10014 next: lgr %r5,%r2
        (local.set $r5 (local.get $r2))

        ;; 10018: lgr %r6,%r3
        (local.set $r6 (local.get $r3))
        (loop $loop_again
          (block $to_leave

            ;; 1001c again: clst %r5,%r6
            (block $to_10020
              (local.set $t20 (i32.wrap_i64 (local.get $r0)))
              (if (i32.le_u (local.get $t20) (i32.const 255)) (then
                (local.set $t21 (local.get $r5))
                (local.set $t22 (local.get $r6))
                (local.set $t23 (i32.sub (i32.const 4096) (i32.and (i32.wrap_i64 (local.get $t21)) (i32.const 4095))))
                (local.set $t24 (i32.sub (i32.const 4096) (i32.and (i32.wrap_i64 (local.get $t22)) (i32.const 4095))))
                (local.set $t25 (select (local.get $t23) (local.get $t24) (i32.lt_u (local.get $t23) (local.get $t24))))
                (local.set $t26 (local.get $t21))
                (local.set $t27 (i32.wrap_i64 (local.get $t26)))
                (local.set $t28 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t27) (i32.const 8)) (i32.const 16368))))
                (if (i64.lt_u (i64.sub (i64.load (local.get $t28)) (local.get $t26)) (i64.const -4096)) (then
                  (local.set $t29 (i32.const 0))
                ) (else
                  (local.set $t29 (i32.add (i32.sub (i32.load offset=8 (local.get $t28)) (local.get $t27)) (i32.const 15)))
                ))
                (if (local.get $t29) (then
                  (local.set $t30 (local.get $t22))
                  (local.set $t31 (i32.wrap_i64 (local.get $t30)))
                  (local.set $t32 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t31) (i32.const 8)) (i32.const 16368))))
                  (if (i64.lt_u (i64.sub (i64.load (local.get $t32)) (local.get $t30)) (i64.const -4096)) (then
                    (local.set $t33 (i32.const 0))
                  ) (else
                    (local.set $t33 (i32.add (i32.sub (i32.load offset=8 (local.get $t32)) (local.get $t31)) (i32.const 15)))
                  ))
                  (if (local.get $t33) (then
                    (local.set $t34 (call $compareStrings (local.get $t29) (local.get $t33) (local.get $t25) (local.get $t20)))
                    (if (i32.eqz (local.get $t34)) (then
                      (local.set $cc (i32.const 0))
                      (local.set $cc_kind (i32.const 0))
                      (br $to_10020)
                    ))
                    (if (i32.ne (local.get $t34) (i32.const 3)) (then
                      (local.set $t35 (i64.add (local.get $t21) (i64.extend_i32_u (i32.shr_u (local.get $t34) (i32.const 2)))))
                      (local.set $r5 (local.get $t35))
                      (local.set $t36 (i64.add (local.get $t22) (i64.extend_i32_u (i32.shr_u (local.get $t34) (i32.const 2)))))
                      (local.set $r6 (local.get $t36))
                      (local.set $cc (i32.and (local.get $t34) (i32.const 3)))
                      (local.set $cc_kind (i32.const 0))
                      (br $to_10020)
                    ))
                    (if (i32.ge_u (local.get $t25) (i32.const 256)) (then
                      (local.set $t37 (i64.add (local.get $t21) (i64.extend_i32_u (local.get $t25))))
                      (local.set $r5 (local.get $t37))
                      (local.set $t38 (i64.add (local.get $t22) (i64.extend_i32_u (local.get $t25))))
                      (local.set $r6 (local.get $t38))
                      (local.set $cc (i32.const 3))
                      (local.set $cc_kind (i32.const 0))
                      (br $to_10020)
                    ))
                  ))
                ))
              ))
              (local.set $end (i32.const 29))
              (br $to_leave)
            )

            ;; 10020: jo again
            (if (i32.and (i32.shl (i32.const 1) (local.get $cc)) (i32.const 8)) (then
              (local.set $budget (i32.sub (local.get $budget) (i32.const 1)))
              (if (i32.lt_s (local.get $budget) (i32.const 0)) (then
                (local.set $end (i32.const 28))
                (br $to_leave)
              ))
              (br $loop_again)
            ))
            (block $to_found

              ;; 10024: je found
              (if (i32.and (i32.shl (i32.const 8) (local.get $cc)) (i32.const 8)) (then (br $to_found)))
              (block $to_leave'

                ;; 10028: la %r2,8(%r2)
                (local.set $t38 (i64.add (local.get $r2) (i64.const 8)))
                (local.set $r2 (local.get $t38))

                ;; 1002c: brctg %r4,next
                (local.set $t38 (i64.sub (local.get $r4) (i64.const 1)))
                (local.set $r4 (local.get $t38))
                (local.set $t34 (i64.ne (local.get $t38) (i64.const 0)))
                (if (local.get $t34) (then
                  (local.set $budget (i32.sub (local.get $budget) (i32.const 1)))
                  (if (i32.lt_s (local.get $budget) (i32.const 0)) (then
                    (local.set $end (i32.const 20))
                    (br $to_leave')
                  ))
                  (br $loop_next)
                ))
                (br $to_found)
              )

              ;; leave: where all exits of the block meet
              (br $to_exit)

              ;; leave: where all exits of the block meet
              (br $to_exit)
            )
            (block $to_leave'

              ;; 10030 found: svc 255
              (local.set $end (i32.const 48))
              (br $to_leave')
              (unreachable)
            )

            ;; leave: where all exits of the block meet
            (br $to_exit)
          )

          ;; leave: where all exits of the block meet
          (br $to_exit)
        )

        ;; leave: where all exits of the block meet
        (br $to_exit)
      )
      (unreachable)
    )

    ;; exit: the instruction address
    (local.set $address (i64.add (local.get $base) (i64.extend_i32_s (i32.and (local.get $end) (i32.const -2)))))

    ;; store: registers that were changed, condition code, instruction address and budget back into memory
    (i64.store (i32.const 1064) (local.get $r5)) (; %r5 ;)
    (i64.store (i32.const 1072) (local.get $r6)) (; %r6 ;)
    (i64.store (i32.const 1040) (local.get $r2)) (; %r2 ;)
    (i64.store (i32.const 1056) (local.get $r4)) (; %r4 ;)
    (if (local.get $cc_kind) (then
      (local.set $t40
        (call $conditionCode
          (local.get $cc_kind)
          (local.get $cc_a32)
          (local.get $cc_b32)
          (local.get $cc_a64)
          (local.get $cc_b64)
          (local.get $cc_af64)
          (local.get $cc_bf64)))
    ) (else
      (local.set $t40 (local.get $cc))
    ))
    (i32.store (i32.const 2072) (local.get $t40)) (; CC ;)
    (i64.store (i32.const 2064) (local.get $address)) (; PSW_ADDRESS ;)
    (i32.store (i32.const 2112) (local.get $budget)) (; BUDGET ;)
    (i32.and (local.get $end) (i32.const 1))
  )
)
