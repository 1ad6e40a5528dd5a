;; # The end of a string, and a copy of it, by the instructions for that. Each may end early, with condition code 3, to be done again.
;; # jit entry again
;;         larl  %r5,text
;;         lghi  %r4,3
;;         lghi  %r0,0
;; again:  larl  %r2,end
;;         lgr   %r3,%r5
;; search: srst  %r2,%r3
;;         jo    search
;;         larl  %r6,copy
;;         lgr   %r7,%r5
;; move:   mvst  %r6,%r7
;;         jo    move
;;         brctg %r4,again
;;         svc   255
;; text:   .asciz "how long is this?"
;; end:    .space 256
;; copy:   .space 32
;;
;; 64-bit mode, 10 guest instructions in 6 blocks, 1167 bytes of WebAssembly

(module
  (import "env" "memory" (memory 1060 1060))
  (import "env" "findByte" (func $findByte (param i32 i32 i32) (result i32)))
  (import "env" "copySpan" (func $copySpan (param i32 i32 i32)))
  (import "env" "conditionCode" (func $conditionCode (param i32 i32 i32 i64 i64 f64 f64) (result i32)))
  (func $region (export "region") (param $base i64) (result i32)
    (local $cc i32) (local $cc_kind i32) (local $cc_a32 i32) (local $cc_b32 i32) (local $cc_a64 i64) (local $cc_b64 i64) (local $cc_af64 f64)
    (local $cc_bf64 f64) (local $address i64) (local $end i32) (local $budget i32) (local $next i32) (local $count i32) (local $bank i32)
    (local $t15 i64) (local $r2 i64) (local $r5 i64) (local $r3 i64) (local $r0 i64) (local $t20 i32) (local $t21 i64) (local $t22 i32)
    (local $t23 i32) (local $t24 i32) (local $t25 i64) (local $t26 i32) (local $t27 i32) (local $t28 i32) (local $t29 i32) (local $t30 i64)
    (local $t31 i64) (local $r6 i64) (local $r7 i64) (local $t34 i32) (local $t35 i32) (local $t36 i32) (local $t37 i32) (local $t38 i32)
    (local $t39 i32) (local $t40 i64) (local $r4 i64) (local $t42 i32)

    ;; entry: budget, registers and condition code into locals
    (local.set $bank (i32.load (i32.const 2100)) (; BANK ;))
    (local.set $budget (i32.load (i32.const 2112)) (; BUDGET ;))
    (local.set $next (i32.const 1))
    (local.set $r2 (i64.load (i32.const 1040)) (; %r2 ;))
    (local.set $r5 (i64.load (i32.const 1064)) (; %r5 ;))
    (local.set $r3 (i64.load (i32.const 1048)) (; %r3 ;))
    (local.set $r0 (i64.load (i32.const 1024)) (; %r0 ;))
    (local.set $r6 (i64.load (i32.const 1072)) (; %r6 ;))
    (local.set $r7 (i64.load (i32.const 1080)) (; %r7 ;))
    (local.set $r4 (i64.load (i32.const 1056)) (; %r4 ;))
    (local.set $cc (i32.load (i32.const 2072)) (; CC ;))
    (block $to_exit
      (loop $loop_again

        ;; 1000e again: larl %r2,end
        (local.set $t15 (i64.add (local.get $base) (i64.const 74)))
        (local.set $r2 (local.get $t15))

        ;; 10014: lgr %r3,%r5
        (local.set $r3 (local.get $r5))
        (loop $loop_search
          (block $to_leave

            ;; 10018 search: srst %r2,%r3
            (block $to_1001c
              (local.set $t20 (i32.wrap_i64 (local.get $r0)))
              (if (i32.le_u (local.get $t20) (i32.const 255)) (then
                (local.set $t15 (local.get $r3))
                (local.set $t21 (i64.sub (local.get $r2) (local.get $t15)))
                (if (i64.eqz (local.get $t21)) (then
                  (local.set $cc (i32.const 2))
                  (local.set $cc_kind (i32.const 0))
                  (br $to_1001c)
                ))
                (local.set $t22 (i32.sub (i32.const 4096) (i32.and (i32.wrap_i64 (local.get $t15)) (i32.const 4095))))
                (local.set $t23 (i64.le_u (local.get $t21) (i64.extend_i32_u (local.get $t22))))
                (local.set $t24 (select (i32.wrap_i64 (local.get $t21)) (local.get $t22) (local.get $t23)))
                (local.set $t25 (local.get $t15))
                (local.set $t26 (i32.wrap_i64 (local.get $t25)))
                (local.set $t27 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t26) (i32.const 8)) (i32.const 16368))))
                (if (i64.lt_u (i64.sub (i64.load (local.get $t27)) (local.get $t25)) (i64.const -4096)) (then
                  (local.set $t28 (i32.const 0))
                ) (else
                  (local.set $t28 (i32.add (i32.sub (i32.load offset=8 (local.get $t27)) (local.get $t26)) (i32.const 15)))
                ))
                (if (local.get $t28) (then
                  (local.set $t29 (call $findByte (local.get $t28) (local.get $t24) (local.get $t20)))
                  (if (i32.lt_u (local.get $t29) (local.get $t24)) (then
                    (local.set $t30 (i64.add (local.get $t15) (i64.extend_i32_u (local.get $t29))))
                    (local.set $r2 (local.get $t30))
                    (local.set $cc (i32.const 1))
                    (local.set $cc_kind (i32.const 0))
                    (br $to_1001c)
                  ))
                  (if (local.get $t23) (then
                    (local.set $cc (i32.const 2))
                    (local.set $cc_kind (i32.const 0))
                    (br $to_1001c)
                  ))
                  (if (i32.ge_u (local.get $t24) (i32.const 256)) (then
                    (local.set $t31 (i64.add (local.get $t15) (i64.extend_i32_u (local.get $t24))))
                    (local.set $r3 (local.get $t31))
                    (local.set $cc (i32.const 3))
                    (local.set $cc_kind (i32.const 0))
                    (br $to_1001c)
                  ))
                ))
              ))
              (local.set $end (i32.const 25))
              (br $to_leave)
            )

            ;; 1001c: jo search
            (if (i32.and (i32.shl (i32.const 1) (local.get $cc)) (i32.const 8)) (then
              (local.set $budget (i32.sub (local.get $budget) (i32.const 1)))
              (if (i32.lt_s (local.get $budget) (i32.const 0)) (then
                (local.set $end (i32.const 24))
                (br $to_leave)
              ))
              (br $loop_search)
            ))

            ;; 10020: larl %r6,copy
            (local.set $t31 (i64.add (local.get $base) (i64.const 330)))
            (local.set $r6 (local.get $t31))

            ;; 10026: lgr %r7,%r5
            (local.set $r7 (local.get $r5))
            (loop $loop_move
              (block $to_leave'

                ;; 1002a move: mvst %r6,%r7
                (block $to_1002e
                  (local.set $t29 (i32.wrap_i64 (local.get $r0)))
                  (if (i32.le_u (local.get $t29) (i32.const 255)) (then
                    (local.set $t31 (local.get $r6))
                    (local.set $t30 (local.get $r7))
                    (local.set $t28 (i32.sub (i32.const 4096) (i32.and (i32.wrap_i64 (local.get $t31)) (i32.const 4095))))
                    (local.set $t27 (i32.sub (i32.const 4096) (i32.and (i32.wrap_i64 (local.get $t30)) (i32.const 4095))))
                    (local.set $t26 (select (local.get $t28) (local.get $t27) (i32.lt_u (local.get $t28) (local.get $t27))))
                    (local.set $t25 (local.get $t30))
                    (local.set $t24 (i32.wrap_i64 (local.get $t25)))
                    (local.set $t23 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t24) (i32.const 8)) (i32.const 16368))))
                    (if (i64.lt_u (i64.sub (i64.load (local.get $t23)) (local.get $t25)) (i64.const -4096)) (then
                      (local.set $t22 (i32.const 0))
                    ) (else
                      (local.set $t22 (i32.add (i32.sub (i32.load offset=8 (local.get $t23)) (local.get $t24)) (i32.const 15)))
                    ))
                    (if (local.get $t22) (then
                      (local.set $t21 (local.get $t31))
                      (local.set $t20 (i32.wrap_i64 (local.get $t21)))
                      (local.set $t34 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t20) (i32.const 8)) (i32.const 16368))))
                      (if (i64.lt_u (i64.sub (i64.load offset=16384 (local.get $t34)) (local.get $t21)) (i64.const -4096)) (then
                        (local.set $t35 (i32.const 0))
                      ) (else
                        (local.set $t35 (i32.add (i32.sub (i32.load offset=16392 (local.get $t34)) (local.get $t20)) (i32.const 15)))
                      ))
                      (if (local.get $t35) (then
                        (local.set $t36 (call $findByte (local.get $t22) (local.get $t26) (local.get $t29)))
                        (local.set $t37 (i32.lt_u (local.get $t36) (local.get $t26)))
                        (local.set $t38 (i32.add (local.get $t36) (local.get $t37)))
                        (if
                          (i32.ge_u
                            (i32.sub (i32.sub (local.get $t22) (local.get $t35)) (i32.const 1))
                            (i32.sub (local.get $t38) (i32.const 1)))
                        (then
                          (local.set $t39 (i32.sub (local.get $t38) (i32.const 1)))
                          (call $copySpan
                            (i32.sub (local.get $t35) (local.get $t39))
                            (i32.sub (local.get $t22) (local.get $t39))
                            (local.get $t38))
                          (local.set $t15 (i64.add (local.get $t31) (i64.extend_i32_u (local.get $t36))))
                          (local.set $r6 (local.get $t15))
                          (if (local.get $t37) (then
                            (local.set $cc (i32.const 1))
                            (local.set $cc_kind (i32.const 0))
                            (br $to_1002e)
                          ))
                          (local.set $t40 (i64.add (local.get $t30) (i64.extend_i32_u (local.get $t36))))
                          (local.set $r7 (local.get $t40))
                          (local.set $cc (i32.const 3))
                          (local.set $cc_kind (i32.const 0))
                          (br $to_1002e)
                        ))
                      ))
                    ))
                  ))
                  (local.set $end (i32.const 43))
                  (br $to_leave')
                )

                ;; 1002e: jo move
                (if (local.get $cc_kind) (then
                  (local.set $t39
                    (call $conditionCode
                      (local.get $cc_kind)
                      (local.get $cc_a32)
                      (local.get $cc_b32)
                      (local.get $cc_a64)
                      (local.get $cc_b64)
                      (local.get $cc_af64)
                      (local.get $cc_bf64)))
                ) (else
                  (local.set $t39 (local.get $cc))
                ))
                (local.set $cc (local.get $t39))
                (local.set $cc_kind (i32.const 0))
                (if (i32.and (i32.shl (i32.const 1) (local.get $cc)) (i32.const 8)) (then
                  (local.set $budget (i32.sub (local.get $budget) (i32.const 1)))
                  (if (i32.lt_s (local.get $budget) (i32.const 0)) (then
                    (local.set $end (i32.const 42))
                    (br $to_leave')
                  ))
                  (br $loop_move)
                ))
                (block $to_leave''

                  ;; 10032: brctg %r4,again
                  (local.set $t40 (i64.sub (local.get $r4) (i64.const 1)))
                  (local.set $r4 (local.get $t40))
                  (local.set $t39 (i64.ne (local.get $t40) (i64.const 0)))
                  (if (local.get $t39) (then
                    (local.set $budget (i32.sub (local.get $budget) (i32.const 1)))
                    (if (i32.lt_s (local.get $budget) (i32.const 0)) (then
                      (local.set $end (i32.const 14))
                      (br $to_leave'')
                    ))
                    (br $loop_again)
                  ))
                  (block $to_leave'''

                    ;; 10036: svc 255
                    (local.set $end (i32.const 54))
                    (br $to_leave''')
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
    (i64.store (i32.const 1040) (local.get $r2)) (; %r2 ;)
    (i64.store (i32.const 1048) (local.get $r3)) (; %r3 ;)
    (i64.store (i32.const 1072) (local.get $r6)) (; %r6 ;)
    (i64.store (i32.const 1080) (local.get $r7)) (; %r7 ;)
    (i64.store (i32.const 1056) (local.get $r4)) (; %r4 ;)
    (if (local.get $cc_kind) (then
      (local.set $t42
        (call $conditionCode
          (local.get $cc_kind)
          (local.get $cc_a32)
          (local.get $cc_b32)
          (local.get $cc_a64)
          (local.get $cc_b64)
          (local.get $cc_af64)
          (local.get $cc_bf64)))
    ) (else
      (local.set $t42 (local.get $cc))
    ))
    (i32.store (i32.const 2072) (local.get $t42)) (; CC ;)
    (i64.store (i32.const 2064) (local.get $address)) (; PSW_ADDRESS ;)
    (i32.store (i32.const 2112) (local.get $budget)) (; BUDGET ;)
    (i32.and (local.get $end) (i32.const 1))
  )
)
